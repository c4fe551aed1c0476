"""`hallmark contracts check`: what was checked, what is wrong on which line, and an exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hallmark_cli.contracts.command import ContractsCommands
from hallmark_cli.main import run
from hallmark_common.settings import Settings
from tests.support.command import ROOT

Hallmark = Callable[..., Any]

GOOD = """\
name: {name}
consumer: operations
model: {{name: flights}}
objectives:
  - {{name: right, metric: accuracy, operator: ">=", threshold: 0.8, window: 1h}}
"""


def write(here: Path, name: str, text: str = GOOD) -> Path:
    path = here / "contracts" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.format(name=name))
    return path


def test_the_shipped_contracts_are_good(hallmark: Hallmark) -> None:
    done = hallmark("check", "--no-backtest", str(ROOT / "contracts"))
    assert (done.code, done.err) == (0, [])
    assert done.out == [
        f"{ROOT}/contracts/digits-page.yaml: good: 6 objectives for each consumer of digits",
        f"{ROOT}/contracts/flights-operations.yaml: good: 13 objectives for operations of flights",
    ]


def test_the_folder_of_contracts_is_checked_where_no_path_is_given(hallmark: Hallmark, here: Path) -> None:
    write(here, "ops")
    done = hallmark("check")
    assert (done.code, done.out) == (0, ["contracts/ops.yaml: good: 1 objective for operations of flights"])


def test_each_fault_is_a_line_with_its_place_and_the_exit_code_is_1(hallmark: Hallmark, here: Path) -> None:
    write(here, "a", GOOD.replace("accuracy", "acuracy").replace("consumer", "consumre"))
    write(here, "b")
    done = hallmark("check", "--no-backtest")
    assert done.code == 1
    assert done.err == []
    assert done.out == [
        "contracts/a.yaml: cannot be used",
        "contracts/a.yaml:1:1: consumer: is missing; name of the consumer, `anonymous` for those without one, `*` for "
        "each one by itself",
        "contracts/a.yaml:2:1: consumre: no such key; did you mean consumer?",
        "contracts/a.yaml:5:19: objectives[0].metric: no such metric: 'acuracy'; did you mean accuracy?",
        "contracts/b.yaml: good: 1 objective for operations of flights",
    ]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("accuracy", "mse", "5:19: objectives[0].metric: mse is of answers of kind number, those of flights are"),
        ("accuracy", "psi, of: carier", "5:32: objectives[0].of: no such column of flights: 'carier'; did you mean"),
        ("1h", "1h, segment: {{carrier: XX}}", "5:81: objectives[0].segment: no such segment of carrier: 'XX';"),
        ("name: flights", "name: flihgts", f"3:9: model.name: no model 'flihgts' in {ROOT}/models; did you mean fligh"),
        ("name: flights", "name: zzz", f"3:9: model.name: no model 'zzz' in {ROOT}/models; there are digits, flights"),
    ],
)
def test_what_the_model_does_not_have_is_said(
    hallmark: Hallmark, here: Path, before: str, after: str, line: str
) -> None:
    write(here, "a", GOOD.replace(before, after))
    done = hallmark("check")
    assert done.code == 1
    assert [said for said in done.out if said.startswith(f"contracts/a.yaml:{line}")], done.out


def test_a_model_that_is_broken_is_the_fault_of_the_name(
    hallmark: Hallmark, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here, "a")
    (here / "flights").mkdir()
    (here / "flights" / "model.yaml").write_text("name: flights\n")
    monkeypatch.setenv("HALLMARK_MODELS_DIR", str(here))
    done = hallmark("check")
    assert done.code == 1
    assert done.out[1] == (
        f"contracts/a.yaml:3:9: model.name: {here}/flights/model.yaml: input: Field required; see docs/model-yaml.md"
    )


def test_a_window_that_is_not_kept_is_said(hallmark: Hallmark, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, "a")
    monkeypatch.setenv("HALLMARK_QOA_WINDOWS", "10s,1m")
    done = hallmark("check")
    assert done.code == 1
    assert done.out[1].endswith(
        "windows of 1h are not kept, 10s, 1m are; choose one of them or set HALLMARK_QOA_WINDOWS"
    )


def test_a_warning_is_said_and_the_exit_code_is_0(hallmark: Hallmark, here: Path) -> None:
    write(here, "a", GOOD.replace(">=", "<="))
    done = hallmark("check")
    assert done.code == 0
    assert done.out == [
        "contracts/a.yaml: good: 1 objective for operations of flights",
        "contracts/a.yaml:5:37: warning: objectives[0].operator: higher is better for accuracy, and <= asks for the "
        "contrary",
    ]


def test_the_same_contract_in_two_folders_is_a_fault(hallmark: Hallmark, here: Path) -> None:
    first = write(here, "a")
    (here / "more").mkdir()
    second = here / "more" / "a.yaml"
    second.write_text(first.read_text())
    done = hallmark("check", "contracts", "more", "contracts/a.yaml")
    assert done.code == 1
    assert done.out[1:] == [
        "more/a.yaml: cannot be used",
        "more/a.yaml:1:1: name: contracts/a.yaml has the contract 'a' too; remove one",
    ]


def test_json_says_the_same(hallmark: Hallmark, here: Path) -> None:
    write(here, "a", GOOD.replace("accuracy", "acuracy"))
    write(here, "b")
    done = hallmark("check", "--json")
    assert done.code == 1
    (line,) = done.out
    broken, good = json.loads(line)["contracts"]
    assert (broken["file"], broken["good"], broken["name"]) == ("contracts/a.yaml", False, None)
    (finding,) = broken["findings"]
    assert finding == {
        "level": "error",
        "line": 5,
        "column": 19,
        "where": "objectives[0].metric",
        "message": "no such metric: 'acuracy'; did you mean accuracy?",
    }
    assert (good["name"], good["consumer"], good["model"], good["findings"]) == ("b", "operations", "flights", [])
    assert good["objectives"] == [
        {"name": "right", "figure": "accuracy", "operator": ">=", "threshold": 0.8, "unit": "1", "window": "1h"}
    ]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("empty", "hallmark: empty: holds no contract; write NAME.yaml there, docs/contracts.md says how"),
        ("contracts", "hallmark: contracts: no such folder; set HALLMARK_CONTRACTS_DIR or give the path of a contract"),
    ],
)
def test_nothing_to_check_is_a_failure(hallmark: Hallmark, here: Path, path: str, line: str) -> None:
    (here / "empty").mkdir()
    done = hallmark("check", *([path] if path == "empty" else []))
    assert (done.code, done.out, done.err) == (1, [], [line])


def test_without_an_engine_it_says_that_it_only_validated(hallmark: Hallmark, here: Path, settings: Settings) -> None:
    write(here, "ops")
    done = hallmark("check")
    target = settings.target("qoa")
    assert (done.code, done.err) == (0, [f"Only validated: no engine at {target} has records for a backtest."])
    done = hallmark("check", "--backtest")
    assert (done.code, done.out) == (1, [])
    assert done.err == [f"hallmark: cannot reach qoa at {target}; start it with `make run` or set HALLMARK_QOA_TARGET"]


def test_nothing_is_backtested_where_no_contract_is_good(hallmark: Hallmark, here: Path) -> None:
    write(here, "a", GOOD.replace("accuracy", "acuracy"))
    done = hallmark("check", "--backtest")
    assert (done.code, done.err) == (1, [])


def test_a_file_that_is_not_there_is_a_fault(hallmark: Hallmark) -> None:
    done = hallmark("check", "none.yaml")
    assert done.code == 1
    assert done.out == ["none.yaml: cannot be used", "none.yaml:1:1: no such file; give the path of a contract"]


@pytest.mark.parametrize("command", [[], *([name] for name in ContractsCommands.modules)])
def test_help_is_plain(command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["contracts", *command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: hallmark contracts {' '.join(command)}".strip() in said
    assert "{" not in said
    assert "..." not in said.replace("[PATH]...", "").replace("[ARGS]...", "")
