"""The table of faults in docs/operator.md, made from what the tests here measured.

MEASURED_FAULTS=tests/faults/pipeline/measured.json pytest tests/faults/pipeline
python -m tests.faults.pipeline.table
"""

from dataclasses import dataclass
from pathlib import Path

from tests.support.command import ROOT
from tests.support.measured import Measured, read

MEASURED = Path(__file__).with_name("measured.json")
PAGE = ROOT / "docs/operator.md"
BEGIN = "<!-- Made from tests/faults/pipeline/measured.json by `python -m tests.faults.pipeline.table`. -->\n"
END = "<!-- The end of what is made. -->\n"
HEAD = (
    "| fault | spans meanwhile | what it costs | spans made, stored | came again | complete after | alerts |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)


@dataclass(frozen=True)
class Fault:
    """A row: what was done in one test."""

    test: str
    what: str
    meanwhile: str
    costs: str


NOTHING = "nothing"
ON_DISK = "wait on the collector's disk"
FAULTS = (
    Fault(
        "test_broker_that_comes_after_everything_else",
        "RabbitMQ is not there when all else starts",
        ON_DISK,
        "records come once it is there",
    ),
    Fault(
        "test_broker_that_is_away_for_a_minute_under_load",
        "RabbitMQ away for 60 s",
        ON_DISK,
        "records of that minute are late",
    ),
    Fault(
        "test_broker_that_is_killed_while_it_is_published_to",
        "RabbitMQ killed three times",
        "the unconfirmed ones are sent again",
        "records are late",
    ),
    Fault("test_broker_whose_disk_is_full", "RabbitMQ's disk full (alarm)", ON_DISK, "nothing once it has room"),
    Fault(
        "test_queues_that_are_full",
        "queues of RabbitMQ full",
        "refused by the broker, wait on the collector's disk",
        "nothing once the engine reads again",
    ),
    Fault(
        "test_queue_that_is_deleted",
        "a queue deleted",
        "what was in it is **lost**, later ones take the way of the unrouted",
        "no record of the predictions in it; exactly these spans are missing in the subtraction below",
    ),
    Fault(
        "test_cuts[publishing-to_target]",
        "collector → RabbitMQ cut at 12 byte offsets",
        "the unconfirmed ones are sent again",
        NOTHING,
    ),
    Fault("test_cuts[publishing-to_client]", "RabbitMQ → collector, the same", "as above", NOTHING),
    Fault(
        "test_cuts[consuming-to_client]",
        "RabbitMQ → engine cut at 12 byte offsets",
        "delivered again",
        "the engine pauses ever longer after cuts in a row, 15 s at most",
    ),
    Fault("test_cuts[consuming-to_target]", "engine → RabbitMQ, the same", "as above", "as above"),
    Fault(
        "test_collector_that_is_killed_with_a_full_queue",
        "collector killed, its queue full",
        "wait on its disk; what it refused, in the services",
        "rates of spans are too high for that time: what was refused was counted at each try",
    ),
    Fault(
        "test_collector_that_is_killed_again_and_again_under_load",
        "collector killed four times",
        "wait on its disk and in the services",
        NOTHING,
    ),
    Fault(
        "test_collector_that_is_away_for_too_long",
        "collector away for longer than the services' queues hold (300 spans each here)",
        "**dropped** at the source, counted by reason",
        "records of that time are incomplete or missing",
    ),
    Fault(
        "test_engine_that_is_killed_between_store_and_acknowledgement",
        "engine killed between commit and acknowledgement, four times, SQLite",
        "delivered again",
        NOTHING,
    ),
    Fault(
        "test_engine_on_postgresql_that_is_killed_between_store_and_acknowledgement",
        "the same, PostgreSQL",
        "delivered again",
        NOTHING,
    ),
    Fault(
        "test_engine_that_is_killed_again_and_again_under_load",
        "engine killed four times",
        "wait in RabbitMQ, delivered again",
        NOTHING,
    ),
    Fault("test_no_engine", "no engine", "wait in RabbitMQ", "records come when one reads"),
    Fault(
        "test_engine_that_hangs",
        "engine hangs until RabbitMQ gives it up",
        "wait in RabbitMQ, delivered again",
        "records are late",
    ),
    Fault("test_engine_that_is_slow", "engine gets a fiftieth of its time", "wait in RabbitMQ", "records are late"),
    Fault(
        "test_no_tempo",
        "Tempo away",
        "not affected",
        "traces come late; those older than its queue of 128 MiB or 10 min are missing in Tempo",
    ),
    Fault(
        "test_tempo_that_is_away_under_load",
        "Tempo away, and the collector killed meanwhile",
        "traces wait on the collector's disk",
        NOTHING,
    ),
    Fault(
        "test_prometheus_that_is_killed_under_load",
        "Prometheus killed",
        "not affected",
        "no figures of that time; totals are right again with the next scrape. Nobody watches the watcher",
    ),
)


def table() -> str:
    """As Markdown; KeyError names a test that has measured nothing."""
    measured = read(MEASURED)
    return HEAD + "".join(_row(fault, measured[fault.test]) for fault in FAULTS)


def _row(fault: Fault, measured: Measured) -> str:
    cells = (
        fault.what,
        fault.meanwhile,
        fault.costs,
        f"{measured.spans:,}, {'all' if measured.stored_spans == measured.spans else f'{measured.stored_spans:,}'}",
        f"{measured.repeated_spans:,}" if measured.repeated_spans else "0",
        f"{measured.complete_s:.0f} s" if measured.complete_s >= 1 else "at once",
        ", ".join(measured.alerts) or "none",
    )
    return f"| {' | '.join(cells)} |\n"


def page_with(text: str, made: str) -> str:
    """The page with the table in the place of the one before."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"no line {BEGIN!r}"
    assert end, f"no line {END!r}"
    return f"{before}{begin}{made}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text(), table()))
