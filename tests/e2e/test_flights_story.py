"""A day of flights whose truth comes late, and faults that a contract finds, through the real services."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from bench.flights.faults.drive import drive, look
from bench.flights.faults.house import House
from bench.flights.faults.plan import Cause, plan
from bench.flights.flight import DAY_S, HOUR_S, Flight
from bench.flights.replay import Replay
from bench.flights.services import Services, judged
from hallmark.qoa.v1.report_pb2 import WindowReport
from tests.support.samples import samples
from tests.support.stack import running_stack

pytestmark = pytest.mark.timeout(300)

DAY = int(datetime.fromisoformat("2013-07-10T00:00:00Z").timestamp())
FLIGHTS = 300
NEED_TRUTH = {"right", "tells-late-from-punctual", "honest"}
CONTRACT = """
name: study
consumer: "*"
model: {name: flights}
objectives:
  - {name: complete, metric: completeness, operator: ">=", threshold: 95%, window: 10s}
  - {name: reported, metric: record_completeness, operator: ">=", threshold: 95%, window: 10s, least_count: 20}
"""


def shipped(count: int | None = None) -> list[Flight]:
    """Shipped flights as if all of them had left on one day; each lands hours later, by its distance."""
    found = samples("flights", count)
    rows = [one["input"]["instances"][0] for one in found]
    departures = [DAY + index * DAY_S // len(rows) for index in range(len(rows))]
    return [
        Flight(row, departure_s, departure_s + HOUR_S + round(8 * row["distance"]), one["truth"] == "late")
        for row, departure_s, one in zip(rows, departures, found, strict=True)
    ]


def of_truth(window: WindowReport) -> dict[str, str]:
    """Verdicts of the objectives that need truth."""
    return {one.objective: one.verdict for one in window.verdicts if one.objective in NEED_TRUTH}


def whole(windows: Sequence[WindowReport]) -> bool:
    """Whether all flights of the day are there, and nothing is left to be done about it."""
    return [window.count for window in windows] == [FLIGHTS] and judged(windows)


async def test_a_day_is_unknown_until_its_flights_have_landed(tmp_path: Path) -> None:
    flights = shipped(FLIGHTS)
    tomorrow = Flight(flights[0].row, DAY + DAY_S + HOUR_S, None, late=False)
    with running_stack(tmp_path, qoa_windows="1h,1d") as stack:
        async with Services(stack.settings, "operations") as services:
            replay = Replay(services, callers=8)
            await replay.step(flights, DAY + DAY_S // 2)
            await replay.step([tomorrow], DAY + DAY_S // 2)
            (early,) = await services.windows_once(whole, DAY_S, DAY, DAY + DAY_S)
            await replay.land()
            (late,) = await services.windows_once(
                whole, DAY_S, DAY, DAY + DAY_S, figures=("label_coverage", "accuracy")
            )
    assert set(of_truth(early).values()) == {"unknown"}
    assert any("truth of" in reason for one in early.verdicts for reason in one.reasons if one.objective == "right")
    assert services.calls.truths == {"joined": FLIGHTS}
    assert late.figures["label_coverage"].value == 1.0
    assert set(of_truth(late)) == NEED_TRUTH
    assert "unknown" not in of_truth(late).values()
    right = next(one for one in late.verdicts if one.objective == "right")
    assert right.observed == late.figures["accuracy"].value
    assert right.verdict == ("pass" if right.observed >= right.threshold else "violated")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Services of which some can be cut off from the engine, and a contract of two promises."""
    found = House(tmp_path_factory.mktemp("house"))
    (found.contracts / "study.yaml").write_text(CONTRACT)
    with found.running():
        yield found


@pytest.mark.parametrize(("fault", "blamed"), [("broken column", "column"), ("lost telemetry", "telemetry")])
async def test_a_fault_is_found_and_blamed_within_two_windows(house: House, fault: str, blamed: str) -> None:
    planned = plan(fault, 1, shipped())
    seen = await drive(house, planned, ()) or await look(house, planned, ())
    violated = [[one for one in window.verdicts if one.verdict == "violated"] for window in seen.windows]
    assert not any(violated[: planned.first])
    assert planned.cause is not None
    assert planned.cause.kind == blamed
    found = [{Cause(one.blame.kind, one.blame.name) for one in window} for window in violated]
    assert {planned.cause} in found[planned.first : planned.first + 2]
