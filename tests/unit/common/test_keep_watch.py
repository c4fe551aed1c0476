"""Rules follow the contracts on disk, and no contract can keep a service from going on."""

import logging
from pathlib import Path

import pytest

from hallmark_common import attributes
from hallmark_common.keep import watch as keep_watch
from hallmark_common.keep.watch import keeping
from hallmark_common.stage import Stages
from tests.support.waiting import eventually

FACTS = {attributes.CONSUMER: "shop", attributes.MODEL: "m"}
CONTRACT = """
name: {name}
consumer: shop
model: {{name: m}}
objectives:
- {{name: fast, metric: response_time, aggregate: p95, operator: "<", threshold: {threshold}, window: 1m}}
"""


def write(folder: Path, name: str, threshold: str) -> Path:
    path = folder / f"{name}.yaml"
    whole = folder / f"{name}.new"
    whole.write_text(CONTRACT.format(name=name, threshold=threshold))
    whole.replace(path)  # it is looked at from another thread, which must not find a half of it
    return path


def thresholds(stages: Stages) -> list[float]:
    return [rule.threshold for rule in stages.rules.find(FACTS)]


@pytest.fixture
def stages(recorder: object) -> Stages:
    return Stages(recorder.telemetry.tracer_provider.get_tracer("t"))  # type: ignore[attr-defined]


async def test_contracts_are_there_at_once_and_followed(stages: Stages, tmp_path: Path) -> None:
    write(tmp_path, "a", "200ms")
    async with keeping(stages, "web", tmp_path, every_s=0.01):
        assert thresholds(stages) == [0.2]
        write(tmp_path, "b", "50ms")
        await eventually(lambda: thresholds(stages) == [0.05], "the new contract is seen")
        for path in tmp_path.iterdir():
            path.unlink()
        await eventually(lambda: thresholds(stages) == [], "no contract is left")


async def test_without_a_folder_there_are_no_rules_until_it_comes(stages: Stages, tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    async with keeping(stages, "web", folder, every_s=0.01):
        assert thresholds(stages) == []
        folder.mkdir()
        write(folder, "a", "1s")
        await eventually(lambda: thresholds(stages) == [1], "the folder is seen")


async def test_a_broken_contract_is_told_once_and_has_no_rules(
    stages: Stages, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "b.yaml"
    with caplog.at_level(logging.WARNING):
        broken.write_text("objectives: [")
        async with keeping(stages, "web", tmp_path, every_s=0.01):
            assert thresholds(stages) == []
            write(tmp_path, "a", "1s")
            await eventually(lambda: thresholds(stages) == [1], "the good one is seen")
            write(tmp_path, "b", "0.5")
            await eventually(lambda: thresholds(stages) == [0.5], "it is mended")
    lines = [record.getMessage() for record in caplog.records if str(broken) in record.getMessage()]
    assert len(lines) == 2  # when it came, and when the folder changed around it
    assert all("\n" not in line for line in lines)


async def test_files_that_have_not_changed_are_not_read_again(
    stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noted(name: str) -> None:
        function = getattr(keep_watch, name)

        def call(folder: Path) -> object:
            done.append(name)
            return function(folder)

        monkeypatch.setattr(keep_watch, name, call)

    noted("_state_of")
    noted("scan_contracts")
    write(tmp_path, "a", "1s")
    async with keeping(stages, "web", tmp_path, every_s=0.001):
        await eventually(lambda: done.count("_state_of") > 5, "it has looked several times")
    assert done.count("scan_contracts") == 1


async def test_a_folder_that_is_a_file_has_no_contracts(stages: Stages, tmp_path: Path) -> None:
    async with keeping(stages, "web", write(tmp_path, "a", "1s"), every_s=0.01):
        assert thresholds(stages) == []


async def test_a_fault_in_reading_is_told_and_the_watch_goes_on(
    stages: Stages, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a", "1s")
    with monkeypatch.context() as patch:
        patch.setattr("hallmark_common.keep.watch.scan_contracts", _fail)
        async with keeping(stages, "web", tmp_path, every_s=0.01):
            assert thresholds(stages) == []
            patch.undo()
            write(tmp_path, "a", "0.75")
            await eventually(lambda: thresholds(stages) == [0.75], "the contract is seen")
    assert [record.getMessage() for record in caplog.records if "cannot be read: odd" in record.getMessage()]


def _fail(_folder: Path) -> None:
    raise OSError("odd")
