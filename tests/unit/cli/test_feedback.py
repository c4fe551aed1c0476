"""`hallmark feedback` against a real engine's part that takes truths, on a real store."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, PredictionTruth
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceServicer, add_QoaServiceServicer_to_server
from hallmark.qoa.v1.quality_pb2 import QualityRecord, Truth
from hallmark_cli.errors import CliError
from hallmark_cli.feedback.files import read_truths
from hallmark_cli.feedback.send import PORTION, PORTION_BYTES, portions
from hallmark_cli.main import run
from hallmark_common.settings import Settings
from hallmark_qoa.stores.marks import WindowRules
from hallmark_qoa.stores.sqlite.store import SqliteStore
from hallmark_qoa.truth.truths import Truths
from tests.support.records import NOW_NS, prediction, put, stage

Said = tuple[int, str, str]
Command = Callable[..., Said]


class Engine(QoaServiceServicer):
    """What of an engine takes truths; predictions 1 to 4 are recorded, 4 long ago."""

    def __init__(self, folder: Path) -> None:
        self.calls: list[int] = []
        self._folder = folder

    async def open(self) -> None:
        rules = WindowRules(horizon_ns=10**9)
        self.store = await SqliteStore.open(self._folder / "store", lambda: NOW_NS, rules=rules)
        self.truths = Truths(self.store, wait_s=60.0, clock_ns=lambda: NOW_NS)
        await put(self.store, *(stage(number, NOW_NS) for number in (1, 2, 3)), stage(4, NOW_NS - 2 * 10**9))

    async def AddTruths(self, request: AddTruthsRequest, _context: Any) -> Any:
        self.calls.append(len(request.truths))
        return await self.truths.add(request)


class Served:
    """The engine in a thread of its own, as a command runs an event loop itself."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self.engine = engine
        self._loop = loop

    def record(self, number: int) -> QualityRecord:
        getting = asyncio.run_coroutine_threadsafe(self.engine.store.get(prediction(number)), self._loop)
        record = getting.result(5)
        assert record is not None
        return record


@contextmanager
def serving(engine: Engine, port: int) -> Iterator[Served]:
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        await engine.open()
        server = grpc.aio.server()
        add_QoaServiceServicer_to_server(engine, server)
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        ready.set()
        await over.wait()
        await server.stop(0)
        await engine.store.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield Served(engine, loop)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    with serving(Engine(tmp_path), settings.qoa_port) as running:
        yield running


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str) -> Said:
        code = run(["feedback", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_one_truth(served: Served, command: Command) -> None:
    code, out, err = command(prediction(1), "late", "--observed-at", "2026-09-21T10:00:00")

    assert (code, out, err) == (0, "joined: joined to its record\n", "")
    truth = served.record(1).truth
    assert (truth.value, truth.observed_at.ToJsonString()) == ("late", "2026-09-21T10:00:00Z")


def test_without_a_time_it_was_observed_now(served: Served, command: Command) -> None:
    assert command(f"{1:032x}", "7")[0] == 0
    assert served.record(1).truth.observed_at.ToNanoseconds() == NOW_NS


@pytest.mark.parametrize("arguments", [("-12.5",), ("--", "-12.5"), ("-12.5", "--json"), ("--json", "-12.5")])
def test_a_negative_number_is_a_value(served: Served, command: Command, arguments: tuple[str, ...]) -> None:
    code, out, _ = command(prediction(1), *arguments)

    assert (code, served.record(1).truth.value) == (0, "-12.5")
    if "--json" in arguments:
        assert json.loads(out) == {"prediction_id": prediction(1), "outcome": "joined", "reason": None}


@pytest.mark.parametrize(
    ("name", "code", "out", "err"),
    [
        (prediction(9), 0, "waiting: kept until the record comes: there is none yet\n", ""),
        (
            prediction(4),
            1,
            "expired: not kept: the prediction is older than windows are corrected; see HALLMARK_QOA_HORIZON_S\n",
            "",
        ),
        (f"{9:032x}", 1, "", f"hallmark: prediction_id: no record of trace {9:032x}; tell it again when there is one"),
    ],
)
@pytest.mark.usefixtures("served")
def test_what_became_of_it_and_the_exit_code(command: Command, name: str, code: int, out: str, err: str) -> None:
    got = command(name, "yes")

    assert got[:2] == (code, out)
    assert got[2].startswith(err)
    assert json.loads(command(name, "yes", "--json")[1])["prediction_id"] == name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "t.jsonl",
            f'{{"prediction_id": "{prediction(1)}", "value": 7, "observed_at": "2026-09-21T10:00:00Z"}}\n\n'
            f'{{"prediction_id": "{prediction(2)}", "value": "a, b"}}\n'
            f'{{"prediction_id": "{prediction(9)}", "value": true}}',
        ),
        (
            "t.CSV",
            "\ufeffvalue,observed_at,prediction_id\r\n"
            f'7,2026-09-21T10:00:00Z,{prediction(1)}\r\n"a, b",,{prediction(2)}\r\ntrue,,{prediction(9)}\r\n',
        ),
    ],
)
def test_a_file_of_truths(served: Served, command: Command, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, newline="")

    assert command("--file", str(tmp_path / name)) == (0, "3 truths: 2 joined, 1 waiting\n", "")
    first, second = served.record(1).truth, served.record(2).truth
    assert (first.value, first.observed_at.ToJsonString()) == ("7", "2026-09-21T10:00:00Z")
    assert (second.value, second.observed_at.ToNanoseconds()) == ("a, b", NOW_NS)


@pytest.mark.usefixtures("served")
def test_those_that_were_not_taken_are_named(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(f"prediction_id,value\n{prediction(1)},a\n{prediction(4)},b\nx,c\n")

    code, out, err = command("--file", str(file))
    assert (code, out) == (1, "3 truths: 1 joined, 1 expired, 1 refused\n")
    expired, refused = err.splitlines()
    assert expired == f"{prediction(4)}: expired"
    assert refused.startswith("x: refused: prediction_id: expected")

    code, out, err = command("--file", str(file), "--json")
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert (told["truths"], told["outcomes"]) == (3, {"repeated": 1, "expired": 1, "refused": 1})
    assert [one["prediction_id"] for one in told["not_taken"]] == [prediction(4), "x"]


def test_many_go_in_portions(served: Served, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(f'{{"prediction_id": "{prediction(n)}", "value": "{n}"}}\n' for n in range(10, 4510)))

    assert command("--file", str(file)) == (0, "4500 truths: 4500 waiting\n", "")
    assert served.engine.calls == [2000, 2000, 500]


def test_a_portion_is_bounded_by_its_size() -> None:
    large = PredictionTruth(prediction_id=prediction(1), truth=Truth(value="x" * 65_536))
    found = list(portions([large] * 40))
    assert [truth for portion in found for truth in portion] == [large] * 40
    assert all(sum(truth.ByteSize() for truth in portion) <= PORTION_BYTES + 65_700 for portion in found)
    assert list(portions([])) == []
    assert [len(portion) for portion in portions([PredictionTruth()] * PORTION)] == [PORTION]


@pytest.mark.usefixtures("served")
def test_an_empty_file_tells_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").touch()
    assert command("--file", str(tmp_path / "t.jsonl")) == (0, "0 truths: nothing to tell\n", "")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("t.jsonl", b"\n{", 'line 2: expected JSON such as {"prediction_id": "'),
        ("t.jsonl", b"[1]", "line 1: body: expected an object with prediction_id and value, got [1]"),
        ("t.jsonl", b'{"prediction_id": "a"}', "line 1: value: expected a label"),
        ("t.jsonl", b"\xff", "is not text in UTF-8"),
        ("t.csv", b"id,value\n", "line 1: expected the columns prediction_id, value and observed_at, got id, value"),
        ("t.csv", b"", "line 1: expected the columns prediction_id, value and observed_at, got nothing"),
        ("t.csv", b"prediction_id,value\n\na\n", "line 3: expected 2 cells as in line 1"),
        ("t.csv", b"prediction_id,value\na,b,c\n", "line 2: expected 2 cells as in line 1"),
        ("t.csv", b'prediction_id,value\na,"b"c\n', "after line 1: is not CSV: "),
        ("t.csv", b"prediction_id,value,observed_at\na,b,soon\n", "line 2: observed_at: expected an RFC 3339 time"),
        ("t.csv", b"prediction_id,value\na,\xff\n", "is not text in UTF-8"),
    ],
)
def test_a_file_that_holds_no_truths_is_one_line(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(CliError) as caught:
        read_truths(file)
    assert str(caught.value).startswith(f"{file}: {problem}")


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r"none.csv: cannot be read: No such file or directory; name a file of truths$"):
        read_truths(tmp_path / "none.csv")
