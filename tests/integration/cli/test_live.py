"""The commands against running services."""

import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest

from hallmark.qoa.v1.qoa_pb2 import ListRecordsRequest, RecordFilter
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from tests.support.command import Command
from tests.support.graphs import write_scale
from tests.support.stack import Stack, running_stack

Json = dict[str, Any]
Hallmark = Callable[..., "subprocess.CompletedProcess[str]"]
Follow = Callable[..., Command]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The services over one small model, once for this module."""
    models_dir = tmp_path_factory.mktemp("models")
    write_scale(models_dir)
    with running_stack(tmp_path_factory.mktemp("live"), models_dir=str(models_dir)) as running:
        yield running


@pytest.fixture
def hallmark(live: Stack) -> Hallmark:
    """Runs a command line to its end."""
    return live.run


@pytest.fixture
def follow(live: Stack, tmp_path: Path) -> Iterator[Follow]:
    """Starts a command line that runs until a signal."""
    with ExitStack() as commands:
        yield lambda *arguments: commands.enter_context(Command(live.environ, tmp_path, *arguments))


@pytest.fixture
def sample(live: Stack) -> Path:
    """A sample of twenty requests, the last four of which the model refuses."""
    path = live.settings.models_dir / "scale/sample.jsonl.gz"
    with gzip.open(path, "wt") as file:
        for value in (*range(16), 101, 102, 103, 104):
            entry = {"input": {"instances": [{"a": value}]}, "truth": str(2 * value + 1)}
            file.write(json.dumps(entry | {"event_time": f"2013-07-01T00:00:{value % 60:02}Z"}) + "\n")
    return path


def records(live: Stack, consumer: str) -> list[Any]:
    with grpc.insecure_channel(live.settings.target("qoa")) as channel:
        request = ListRecordsRequest(filter=RecordFilter(consumer=consumer), page_size=1000)
        return list(QoaServiceStub(channel).ListRecords(request, timeout=10).records)


def test_predict_answers_in_the_form_of_rest_and_record_finds_it(hallmark: Hallmark) -> None:
    done = hallmark("predict", "scale", "-", "--json", "--consumer", "alice", stdin='{"a": 21}')
    assert (done.returncode, done.stderr) == (0, "")
    answer: Json = json.loads(done.stdout)
    assert answer["prediction"] == {"value": 42.0, "unit": "km"}
    assert answer["model"] == {"name": "scale", "version": "1", "variant": "default"}
    assert [stage["name"] for stage in answer["quality"]["stages"]] == ["web", "preprocess", "inference"]
    for name in (answer["prediction_id"], answer["trace_id"]):
        found = hallmark("record", name, "--json")
        assert (found.returncode, found.stderr) == (0, "")
        record: Json = json.loads(found.stdout)
        assert record["prediction_id"] == answer["prediction_id"]
        assert (record["consumer"], record["complete"]) == ("alice", True)
    story = hallmark("record", answer["prediction_id"]).stdout
    assert "complete    yes" in story
    assert "inference" in story


def test_predict_for_people_and_several_rows_and_event_time(hallmark: Hallmark) -> None:
    done = hallmark("predict", "scale", "-", stdin='[{"a": 1}, {"a": 2}]')
    assert done.stdout.splitlines()[:2] == ["   0  2 km", "   1  4 km"]
    moment = "2013-07-01T09:30:00Z"
    done = hallmark("predict", "scale", "-", "--json", "--event-time", moment, stdin='{"a": 1}')
    found = hallmark("record", json.loads(done.stdout)["prediction_id"], "--json")
    assert json.loads(found.stdout)["event_time"] == moment


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["predict", "other", "-"], "model: 'other' not found; there is: scale"),
        (["predict", "scale", "-", "--version", "9"], "NOT_FOUND: "),
        (["predict", "scale", "-"], "INVALID_ARGUMENT: "),
        (["record", "0" * 32, "--wait", "0"], "NOT_FOUND: "),
        (["record", "nonsense", "--wait", "0"], "INVALID_ARGUMENT: "),
    ],
)
def test_what_a_service_refuses_is_one_line(hallmark: Hallmark, arguments: list[str], problem: str) -> None:
    done = hallmark(*arguments, "--json", stdin='{"a": 1000}')
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"hallmark: {problem}")


@pytest.mark.usefixtures("sample")
def test_replay_counts_what_it_sent(hallmark: Hallmark, live: Stack) -> None:
    done = hallmark("replay", "scale", "--rate", "100", "--count", "20", "--json", "--consumer", "replayer")
    assert (done.returncode, done.stderr) == (1, "")
    summary: Json = json.loads(done.stdout)
    assert (summary["sent"], summary["ok"], summary["failed"]) == (20, 16, {"INVALID_ARGUMENT": 4})
    assert summary["mean_absolute_error"] == 1.0
    live.until(lambda: len(records(live, "replayer")) == 20, "a record of every request")


@pytest.mark.usefixtures("sample")
def test_replay_tells_the_truth_of_what_was_answered(hallmark: Hallmark, live: Stack) -> None:
    options = ("--count", "20", "--consumer", "teacher", "--feedback")
    summary: Json = json.loads(hallmark("replay", "scale", "--rate", "100", *options, "--json").stdout)
    assert sum(summary["truths"].values()) == 16
    assert set(summary["truths"]) <= {"joined", "waiting"}
    live.until(lambda: len(records(live, "teacher")) == 20, "a record of every request")
    answered = [record for record in records(live, "teacher") if record.status == "OK"]
    assert len(answered) == 16
    for record in answered:
        assert float(record.truth.value) == record.prediction.values[0] + 1


@pytest.mark.usefixtures("sample")
def test_replay_ends_with_0_where_none_failed_and_takes_the_event_time_of_the_sample(
    hallmark: Hallmark, live: Stack
) -> None:
    arguments = ("--rate", "100", "--duration", "0.1", "--event-time", "original", "--consumer", "historian")
    done = hallmark("replay", "scale", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("scale: 10 sent in ")
    found = live.until(lambda: len(records(live, "historian")) == 10 and records(live, "historian"), "ten records")
    assert {record.event_time.seconds for record in found} == set(range(1372636800, 1372636810))


@pytest.mark.usefixtures("sample")
def test_replay_sums_up_when_it_is_interrupted(follow: Follow, live: Stack) -> None:
    command = follow("replay", "scale", "--rate", "5", "--duration", "900", "--json", "--consumer", "breaker")
    live.until(lambda: records(live, "breaker"), "the first record")
    assert command.stop(30) == 130
    assert command.err == ""
    summary: Json = json.loads(command.out)
    assert summary["interrupted"]
    assert 0 < summary["sent"] < 900


def test_watch_shows_records_of_its_filter_until_ctrl_c(hallmark: Hallmark, follow: Follow, live: Stack) -> None:
    command = follow("watch", "--json", "--consumer", "watched")
    live.until(lambda: "watching" in command.err, "the watch")

    def asked_and_seen() -> bool:
        # The stream is opened after the connection: what was asked for in between is not shown.
        for consumer in ("other", "watched"):
            assert hallmark("predict", "scale", "-", "--consumer", consumer, stdin='{"a": 1}').returncode == 0
        return bool(command.out)

    live.until(asked_and_seen, "a record")
    assert command.stop(30) == 0
    assert {json.loads(line)["consumer"] for line in command.out.splitlines()} == {"watched"}
