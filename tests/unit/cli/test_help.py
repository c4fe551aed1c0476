"""What `--help` and `--version` say."""

from importlib.metadata import version

import pytest

from hallmark_cli.batch.command import BatchCommands
from hallmark_cli.commands import RootCommands
from hallmark_cli.contracts.command import ContractsCommands
from hallmark_cli.lazy import Lazy
from hallmark_cli.main import run
from hallmark_cli.models.command import ModelsCommands

LISTED = [
    *(([name], lazy) for name, lazy in RootCommands.modules.items()),
    *((["models", name], lazy) for name, lazy in ModelsCommands.modules.items()),
    *((["contracts", name], lazy) for name, lazy in ContractsCommands.modules.items()),
    *((["batch", name], lazy) for name, lazy in BatchCommands.modules.items()),
]
COMMANDS = [command for command, _ in LISTED]


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def _said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


@pytest.mark.parametrize("group", [[], ["models"], ["contracts"], ["batch"]])
def test_a_list_of_commands_cuts_no_sentence(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    commands = _said([*group, "--help"], capsys).split("Commands:")[1].strip().splitlines()
    assert len(commands) >= 2
    assert all(line.endswith(".") and not line.endswith("...") for line in commands)


@pytest.mark.parametrize(("command", "lazy"), LISTED, ids=[" ".join(command) for command in COMMANDS])
def test_a_list_of_commands_says_of_each_what_its_own_help_begins_with(
    command: list[str], lazy: Lazy, capsys: pytest.CaptureFixture[str]
) -> None:
    usage, first, *_ = _said([*command, "--help"], capsys).split("\n\n")
    assert usage.startswith("Usage: hallmark ")
    assert " ".join(first.split()) == lazy.summary


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_names_values_and_leaves_the_shell_alone(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    said = _said([*command, "--help"], capsys)
    assert "completion" not in said
    assert "range>" not in said
    assert "{" not in said


def test_usage_names_the_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Usage: hallmark predict [OPTIONS] MODEL FILE\n" in _said(["predict", "--help"], capsys)
    assert "Usage: hallmark record [OPTIONS] PREDICTION_ID\n" in _said(["record", "--help"], capsys)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert _said(["--version"], capsys) == f"hallmark {version('hallmark')}\n"
