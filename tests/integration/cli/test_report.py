"""`hallmark report` and `hallmark watch --violations` against an engine of a few lines that tells a made-up day.

A real engine is asked in the tests of judging; a real one cannot be told what to have judged.
"""

import asyncio
import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from hallmark.qoa.v1.qoa_pb2 import (
    GetJudgingRequest,
    GetJudgingResponse,
    GetReportRequest,
    GetReportResponse,
    VerdictChange,
    WatchVerdictsRequest,
    WatchVerdictsResponse,
)
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceServicer, add_QoaServiceServicer_to_server
from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_common.errors import DETAILS_KEY, invalid
from tests.support import reports
from tests.support.command import PATIENCE_S, ROOT, Command, environment, run_command
from tests.support.reports import DAY_START_S, FAST, MINUTE_S, Subject, answer, verdict_of
from tests.support.waiting import eventually

KEPT = (10, 60, 3600)
"""Sizes of windows that this engine keeps, in seconds."""


@dataclass
class Engine(QoaServiceServicer):
    """Has windows, and changes of verdicts that it tells before it keeps the stream open."""

    windows: Sequence[WindowReport] = ()
    changes: Sequence[VerdictChange] = ()
    judging: GetJudgingResponse = field(default_factory=GetJudgingResponse)
    refuses: str = ""
    """The only field that is refused, whatever it holds."""
    asked: list[Any] = field(default_factory=list)

    async def GetReport(self, request: GetReportRequest, context: Any) -> GetReportResponse:
        self.asked.append(request)
        refused = self.refuses or ("window_s" if request.window_s not in KEPT else "")
        if refused:
            error = invalid(refused, "something else", "'this'")
            await context.abort(error.code, error.message, ((DETAILS_KEY, error.details()),))
        return answer(self.windows, request)

    async def GetJudging(self, _request: GetJudgingRequest, _context: Any) -> GetJudgingResponse:
        return self.judging

    async def WatchVerdicts(self, request: WatchVerdictsRequest, _context: Any) -> AsyncIterator[WatchVerdictsResponse]:
        self.asked.append(request)
        for change in self.changes:
            yield WatchVerdictsResponse(change=change)
        yield WatchVerdictsResponse(missed=3)
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


Hallmark = Callable[..., Awaitable[Said]]


@pytest.fixture(scope="module")
def day() -> list[WindowReport]:
    """What an engine has after a day."""
    return reports.a_day()


@pytest.fixture
async def engine(day: list[WindowReport], free_port: int) -> AsyncIterator[Engine]:
    """An engine with a day, where commands look for one."""
    served = Engine(day)
    server = grpc.aio.server()
    add_QoaServiceServicer_to_server(served, server)
    server.add_insecure_port(f"127.0.0.1:{free_port}")
    await server.start()
    yield served
    await server.stop(None)


@pytest.fixture
def hallmark(free_port: int) -> Hallmark:
    """Runs a command line to its end, beside the engine."""

    async def run(*arguments: str) -> Said:
        done = await asyncio.to_thread(run_command, environment(qoa_port=str(free_port)), *arguments)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


async def as_json(hallmark: Hallmark, *arguments: str) -> list[dict[str, Any]]:
    said = await hallmark("report", "--json", *arguments)
    assert (said.code, said.err) == (0, "")
    found = json.loads(said.out)
    assert isinstance(found, list)
    return found


async def test_json_is_one_array_of_the_windows_that_contracts_judge(engine: Engine, hallmark: Hallmark) -> None:
    found = await as_json(hallmark, "--last", "10")
    assert {window["window"]["size"] for window in found} == {"1m", "1h"}
    assert len(found) == 20
    violated = [window for window in found if window["verdict"] == "violated"]
    assert {entry["rule"] for window in violated for entry in window["evidence"]} == {"stable-carriers"}
    assert {request.window_s for request in engine.asked} == {10, 60, 3600, 86400}


async def test_where_no_contract_judges_the_smallest_windows_are_shown(engine: Engine, hallmark: Hallmark) -> None:
    found = await as_json(hallmark, "--consumer", "anonymous")
    assert {(window["window"]["size"], window["verdict"]) for window in found} == {("1m", None)}
    assert all(request.consumer == "anonymous" for request in engine.asked)


async def test_every_option_reaches_the_engine(engine: Engine, hallmark: Hallmark) -> None:
    found = await as_json(
        hallmark,
        *("--consumer", "operations", "--model", "flights", "--variant", "default", "--window", "1h", "--last", "3"),
        *("--from", "2013-07-01T09:00:00Z", "--until", "2013-07-01T11:00:00+00:00", "--segment", "carrier=UA"),
        *("--metric", "accuracy", "--metric", "response_time"),
    )
    assert [window["window"]["start"] for window in found] == ["2013-07-01T09:00:00Z", "2013-07-01T10:00:00Z"]
    assert {window["segment"] for window in found} == {"carrier=UA"}
    (request,) = engine.asked
    assert (request.limit, list(request.figures)) == (3, ["accuracy", "response_time"])


async def test_a_person_reads_a_table_and_what_broke(engine: Engine, hallmark: Hallmark) -> None:
    said = await hallmark("report", "--consumer", "operations", "--window", "1h", "--last", "5")
    assert said.code == 0
    assert "operations · flights (default) · windows of 1h" in said.out
    assert "✗ violated in 5 of 5  flights-operations/stable-carriers" in said.out
    assert "\x1b" not in said.out
    assert said.err == "There are older windows; --last, --from and --until show them.\n"
    assert len(engine.asked) == 1


def in_a_terminal(environ: dict[str, str], *arguments: str) -> str:
    """What a command shows in a terminal, control codes included."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "hallmark_cli", *arguments], cwd=ROOT, env=environ, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = bytearray()
        # The end of what a terminal shows is an error, not an empty read.
        with contextlib.suppress(OSError):
            while piece := os.read(master, 4096):
                shown += piece
        assert process.wait(PATIENCE_S) == 0
    os.close(master)
    return shown.decode()


async def test_a_terminal_has_colour_and_its_own_width(engine: Engine, free_port: int) -> None:
    environ = environment(qoa_port=str(free_port)) | {"COLUMNS": "60", "TERM": "xterm-256color"}
    environ.pop("NO_COLOR", None)
    arguments = ("report", "--consumer", "operations", "--window", "1h", "--last", "2")
    shown = await asyncio.to_thread(in_a_terminal, environ, *arguments)
    assert "\x1b[1;31m✗ violated" in shown
    assert "no room for" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(len(line) for line in lines) <= 60
    assert engine.asked


async def test_nothing_at_all_says_what_to_do(engine: Engine, hallmark: Hallmark) -> None:
    engine.windows = [reports.window(Subject(), DAY_START_S, 7, {})]
    said = await hallmark("report")
    assert (said.code, said.out) == (0, "")
    assert "hallmark predict MODEL FILE" in said.err
    assert await as_json(hallmark) == []


async def test_a_contract_that_cannot_be_used_is_named_wherever_a_report_is_read(
    engine: Engine, hallmark: Hallmark, tmp_path: Path
) -> None:
    error = "contracts/desk.yaml:7:3: threshold: expected at least 0, got <-1>"
    engine.judging.contracts.add(name="desk", error=error)
    said = f"{error}; nothing is judged by it"
    assert (await hallmark("report", "--consumer", "operations", "--window", "1h")).err.splitlines()[-1] == said
    told = await hallmark("report", "--json", "--last", "1")
    assert (told.code, told.err) == (0, f"{said}\n")
    assert json.loads(told.out)
    page = tmp_path / "report.html"
    assert (await hallmark("report", "--html", str(page))).code == 0
    assert said.replace("<-1>", "&lt;-1&gt;") in page.read_text()


async def test_windows_that_were_not_asked_for_are_named(engine: Engine, hallmark: Hallmark) -> None:
    said = await hallmark("report", "--consumer", "nobody")
    assert said.code == 0
    assert said.err.startswith("No windows match --consumer nobody. The last ones there are: consumer ")
    assert "operations, page, model digits, flights, size 1m, 1h, from 2013-07-01T00:00:00Z to " in said.err
    assert len(engine.asked) == 8


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--window", "2m"], "--window '2m': expected one of 10s, 1m, 1h, 1d"),
        (["--from", "yesterday"], "--from 'yesterday': expected a time such as 2013-07-01T09:30:00Z"),
        (["--html", "page.html", "--json"], "--html and --json: give one of them"),
        (["--last", "0"], "Invalid value for '--last'"),
        (["--window", "1d"], "INVALID_ARGUMENT: window_s: expected something else, got 'this'"),
    ],
)
async def test_a_wrong_option_is_one_line(
    engine: Engine, hallmark: Hallmark, arguments: list[str], problem: str
) -> None:
    said = await hallmark("report", *arguments)
    assert said.code != 0
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"hallmark: {problem}")
    assert engine.refuses == ""


async def test_what_the_engine_refuses_is_said_whichever_size_is_asked_for(engine: Engine, hallmark: Hallmark) -> None:
    engine.refuses = "figures"
    said = await hallmark("report", "--metric", "accuracy")
    assert (said.code, said.err) == (1, "hallmark: INVALID_ARGUMENT: figures: expected something else, got 'this'\n")


async def test_an_engine_that_is_down_is_said(hallmark: Hallmark, free_port: int) -> None:
    for arguments in (["report"], ["report", "--json"], ["watch", "--violations"]):
        said = await hallmark(*arguments)
        assert said.code == 1
        assert said.err.splitlines()[-1] == (
            f"hallmark: cannot reach qoa at 127.0.0.1:{free_port}; start it with `make run` or set HALLMARK_QOA_TARGET"
        )


async def test_a_page_is_written_with_everything_on_it(engine: Engine, hallmark: Hallmark, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = await hallmark("report", "--html", str(page))
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith(f"Wrote {page}: ")
    text = page.read_text()
    for part in (
        "2 of 5 promises were broken, 3 were kept where that could be judged.",
        "Segments side by side",
        "All figures of the last window",
    ):
        assert part in text
    assert engine.asked[-1].segment == "*"


async def test_a_page_that_cannot_be_written_or_would_be_empty_is_one_line(
    engine: Engine, hallmark: Hallmark, tmp_path: Path
) -> None:
    missing = tmp_path / "missing/page.html"
    said = await hallmark("report", "--html", str(missing))
    assert (said.code, said.err) == (
        1,
        f"hallmark: {missing}: cannot be written: No such file or directory; name another file\n",
    )
    said = await hallmark("report", "--consumer", "nobody", "--html", str(tmp_path / "page.html"))
    assert said.code == 1
    assert said.err.startswith("hallmark: No windows match --consumer nobody.")
    assert not (tmp_path / "page.html").exists()
    assert engine.asked


def change(now: float | None, before: str, **fields: Any) -> VerdictChange:
    return VerdictChange(id=f"{before}-{now}", verdict=verdict(now), before=before, **fields)


def verdict(observed: float | None) -> Any:
    return verdict_of(Subject(), FAST, DAY_START_S, MINUTE_S, observed)


async def test_violations_and_recoveries_are_followed(engine: Engine, free_port: int, tmp_path: Path) -> None:
    engine.changes = [change(0.5, "pass"), change(0.1, "violated")]
    environ = environment(qoa_port=str(free_port))
    with Command(
        environ, tmp_path, "watch", "--violations", "--model", "flights", "--consumer", "operations"
    ) as command:
        await eventually(lambda: "missed 3 changes" in command.err, timeout_s=PATIENCE_S)
        broken, recovered = command.out.splitlines()
        assert await asyncio.to_thread(command.stop) == 0
    assert "pass → ✗ violated  flights-operations/fast-enough" in broken
    assert "violated → ✓ pass (recovered)" in recovered
    (request,) = engine.asked
    assert (request.consumer, request.model, request.silenced) == ("operations", "flights", False)


async def test_changes_as_json_are_verdicts_with_what_was_before(
    engine: Engine, free_port: int, tmp_path: Path
) -> None:
    engine.changes = [change(0.5, "pass", silenced=True), change(None, "")]
    environ = environment(qoa_port=str(free_port))
    with Command(environ, tmp_path, "watch", "--violations", "--silenced", "--json") as command:
        await eventually(lambda: '{"missed": 3}' in command.out, timeout_s=PATIENCE_S)
        lines = [json.loads(line) for line in command.out.splitlines()]
    assert [(line["id"], line["before"], line["silenced"]) for line in lines[:2]] == [
        ("pass-0.5", "pass", True),
        ("-None", None, False),
    ]
    assert (lines[0]["objective"], lines[0]["verdict"], lines[1]["observed"]) == ("fast-enough", "violated", None)
    assert engine.asked[0].silenced


async def test_silenced_is_of_violations_only(hallmark: Hallmark) -> None:
    said = await hallmark("watch", "--silenced")
    assert (said.code, said.err) == (2, "hallmark: --silenced: only together with --violations\n")
