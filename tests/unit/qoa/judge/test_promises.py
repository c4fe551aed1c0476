"""Promises: the contracts of a folder, taken up again while it changes."""

import logging
from pathlib import Path

import pytest

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.judge.promises import LOOK_EVERY_S, Promises
from tests.support.predictions import T0_NS, objective, write_contract

OBJECTIVE = objective("fast", "response_time", "<=", 0.1, aggregate="p95")


class Watched:
    """A folder of contracts, looked at whenever somebody asks for the promises."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._now_s = 0.0
        self._promises = Promises(folder, lambda: self._now_s)

    @property
    def promises(self) -> Promises:
        self._now_s += LOOK_EVERY_S
        return self._promises

    @property
    def versions(self) -> dict[str, str]:
        return {one.name: one.version for one in self.promises.contracts()}


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_no_folder_and_an_empty_one_promise_nothing(tmp_path: Path) -> None:
    assert Watched(tmp_path / "none").versions == Watched(tmp_path).versions == {}


def test_a_contract_that_comes_changes_and_goes(watched: Watched) -> None:
    path = write_contract(watched.folder, [OBJECTIVE])
    assert watched.versions == {"deal": "1"}
    write_contract(watched.folder, [OBJECTIVE], version="22")
    assert watched.versions == {"deal": "22"}
    path.unlink()
    assert watched.versions == {}


def test_files_are_not_looked_at_all_the_time(tmp_path: Path) -> None:
    now_s = [0.0]
    promises = Promises(tmp_path, lambda: now_s[0])
    assert promises.contracts() == []
    write_contract(tmp_path, [OBJECTIVE])
    now_s[0] = LOOK_EVERY_S - 0.01
    assert promises.contracts() == []
    now_s[0] = LOOK_EVERY_S
    assert len(promises.contracts()) == 1


def test_a_broken_file_keeps_the_contract_before_and_says_so_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_contract(watched.folder, [OBJECTIVE], version="7")
    assert watched.versions == {"deal": "7"}
    path.write_text("name: deal\nobjectives: nothing\n")
    with caplog.at_level(logging.WARNING):
        assert watched.versions == {"deal": "7"}
        assert watched.versions == {"deal": "7"}
        path.touch()
        assert watched.versions == {"deal": "7"}
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(f"{path}:")
    assert told.endswith("; its version 7 stays in use")
    assert list(watched.promises.errors()) == ["deal"]
    write_contract(watched.folder, [OBJECTIVE], version="8")
    assert watched.versions == {"deal": "8"}
    assert watched.promises.errors() == {}


def test_a_broken_file_at_the_start_promises_nothing(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    (watched.folder / "deal.yaml").write_text("- not a contract\n")
    write_contract(watched.folder, [OBJECTIVE], name="other")
    with caplog.at_level(logging.WARNING):
        assert watched.versions == {"other": "1"}
    assert [record.getMessage().rpartition("; ")[2] for record in caplog.records] == ["nothing is judged by it"]


def test_two_files_of_one_name_are_one_contract_and_an_error(watched: Watched) -> None:
    write_contract(watched.folder, [OBJECTIVE], version="1")
    copy = watched.folder / "copy.yaml"
    copy.write_text((watched.folder / "deal.yaml").read_text())
    assert watched.versions == {"deal": "1"}
    assert list(watched.promises.errors()) == ["copy"]


def test_a_promise_is_about_a_consumer_a_model_and_a_size(watched: Watched) -> None:
    hourly = objective("hourly", "availability", ">=", 0.9, window="1h")
    write_contract(watched.folder, [OBJECTIVE, hourly], name="all")
    write_contract(watched.folder, [OBJECTIVE], name="only", consumer="acme")
    write_contract(watched.folder, [OBJECTIVE], name="other", model={"name": "n"})

    def names(consumer: str, model: str, size_s: int) -> list[tuple[str, str]]:
        found = watched.promises.about(consumer, model, size_s)
        return [(one.contract.name, one.objective.name) for one in found]

    assert names("acme", "m", 10) == [("all", "fast"), ("only", "fast")]
    assert names("umbrella", "m", 10) == [("all", "fast")]
    assert names("umbrella", "m", 3600) == [("all", "hourly")]
    assert names("umbrella", "n", 10) == [("other", "fast")]
    assert names("acme", "m", 60) == names("acme", "?", 10) == []


def test_silences(watched: Watched) -> None:
    silence = {"from": "2026-09-01", "until": "2026-10-01", "reason": "a move", "objectives": ["fast"]}
    write_contract(watched.folder, [OBJECTIVE, OBJECTIVE | {"name": "other"}], silences=[silence])
    watched.promises.contracts()

    def is_silenced(objective_: str, start_ns: int = T0_NS, contract: str = "deal") -> bool:
        verdict = WindowVerdict(contract=contract, objective=objective_)
        verdict.start.FromNanoseconds(start_ns)
        return watched.promises.silence_of(verdict) is not None

    assert is_silenced("fast")
    assert not is_silenced("other")
    assert not is_silenced("fast", T0_NS + 60 * 86_400 * 10**9)
    assert not is_silenced("fast", contract="gone")
