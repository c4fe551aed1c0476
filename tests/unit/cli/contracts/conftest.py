"""What the tests of `hallmark contracts` share: the shipped models, and command lines that run in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hallmark_cli.main import run
from hallmark_common.settings import Settings, load_settings
from tests.support.command import ROOT


@dataclass(frozen=True)
class Run:
    """How a command line went."""

    code: int
    out: list[str]
    err: list[str]


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own to stand in; the models are those that are shipped, contracts are in `contracts`."""
    assert settings
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HALLMARK_MODELS_DIR", str(ROOT / "models"))
    monkeypatch.setenv("HALLMARK_CONTRACTS_DIR", "contracts")
    load_settings()
    return tmp_path


@pytest.fixture
def hallmark(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs `hallmark contracts …`."""
    assert here

    def call(*arguments: str) -> Run:
        code = run(["contracts", *arguments])
        captured = capsys.readouterr()
        return Run(code, captured.out.splitlines(), captured.err.splitlines())

    return call
