"""The committed dashboards are those that the code makes, and ``--check`` says where they are not."""

import shutil
import sys
from pathlib import Path

import pytest

from grafana import build


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the dashboards that the command works on."""
    copy = tmp_path / "dashboards"
    shutil.copytree(build.FOLDER, copy)
    monkeypatch.setattr(build, "FOLDER", copy)
    return copy


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The command; its exit code."""
    monkeypatch.setattr(sys, "argv", ["build", *arguments])
    return build.main()


def test_committed_dashboards_are_up_to_date() -> None:
    assert list(build.stale(build.files())) == []


@pytest.mark.parametrize("change", ["changed", "missing", "left over"])
def test_a_difference_is_said_and_mended(
    change: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / ("gone.json" if change == "left over" else "services.json")
    if change == "missing":
        file.unlink()
    else:
        file.write_text("{}")

    assert run(monkeypatch, "--check") == 1
    assert f"{file.name} is not what grafana/*.py says" in capsys.readouterr().err
    assert run(monkeypatch) == 0
    assert run(monkeypatch, "--check") == 0
    assert file.exists() == (change != "left over")
