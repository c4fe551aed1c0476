"""Prometheus accepts configuration, rules and alerts; each alert fires when it should, and only then."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hallmark_cli.stack.programs import program
from hallmark_common import attributes
from tests.integration.prometheus.rule_files import FOLDER, Rule, alerts, rules
from tests.support.command import ROOT

ALERTS = [pytest.param(alert, id=alert.name) for alert in alerts()]
RULE_TESTS = sorted((FOLDER / "tests").glob("*.yml"))

_LABEL = re.compile(r"\$labels\.(\w+)")
_OUTCOME = re.compile(r'(hallmark_\w+_total)\{[^}]*outcome=~?"([^"]+)"')
_PAST = re.compile(r"(\S+) offset")
_ALERT_SAMPLE = re.compile(r'alertname="(?P<name>\w+)"')


def promtool(*arguments: str) -> str:
    """Run it; what it says."""
    command = [program("promtool", "prometheus"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_configuration_with_the_targets_of_compose(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "compose-targets").rename(tmp_path / "targets")

    said = promtool("check", "config", str(tmp_path / "prometheus.yml"))

    assert "WARNING" not in said, said
    assert said.count("rules found") == len(list((FOLDER / "rules").glob("*.yml")))


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.stem)
def test_rules_compute_and_alert_as_their_tests_say(file: Path) -> None:
    promtool("test", "rules", str(file))


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_to_fire_and_not_to_fire(alert: Rule) -> None:
    fired = [labels for labels in _fired() if labels["alertname"] == alert.name]

    assert fired, f"no test in prometheus/tests has {alert.name} fire"
    assert _silent(alert), f"no test in prometheus/tests has {alert.name} not fire"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_where_and_what_to_do(alert: Rule) -> None:
    assert alert.labels["severity"] in {"critical", "warning"}
    assert alert.labels["component"] in {
        *("services", "collector", "broker", "engine", "contract", "tempo", "monitoring", "host"),
    }
    assert set(alert.annotations) == {"summary", "description", "runbook"}
    assert len(alert.annotations["description"]) > 80


@pytest.mark.parametrize("alert", ALERTS)
def test_what_an_alert_says_names_only_labels_that_it_has(alert: Rule) -> None:
    named = set(_LABEL.findall(" ".join(alert.annotations.values())))
    fired = [labels for labels in _fired() if labels["alertname"] == alert.name]

    assert any(named <= set(labels) for labels in fired), (named, fired)


@pytest.mark.parametrize("alert", ALERTS)
def test_the_runbook_has_a_section_for_it(alert: Rule) -> None:
    file, _, anchor = alert.annotations["runbook"].partition("#")
    headings = [line.lstrip("# ") for line in (ROOT / file).read_text().splitlines() if line.startswith("#")]

    assert alert.name in headings
    assert anchor == alert.name.lower()


def test_no_section_of_the_runbook_is_of_an_alert_that_is_gone() -> None:
    sections = {line[3:] for line in (ROOT / "docs/runbook.md").read_text().splitlines() if line.startswith("## ")}

    assert sections == {alert.name for alert in alerts()}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=f"{rule.name} {rule.labels}") for rule in rules()])
def test_outcomes_that_a_rule_reads_are_counted(rule: Rule) -> None:
    counted = {metric.name.replace(".", "_") + "_total": metric.by for metric in attributes.METRICS.values()}
    for metric, matched in _OUTCOME.findall(rule.expr):
        for outcome in re.findall(r"(?:^|[|])(\w+)", matched):
            assert re.search(rf"\b{outcome}\b", counted[metric]), (metric, outcome)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=f"{rule.name} {rule.labels}") for rule in rules()])
def test_what_a_counter_was_is_found_beyond_a_gap(rule: Rule) -> None:
    """A plain ``offset`` finds nothing in a gap, and all that was ever counted would be taken for new."""
    assert all(before.endswith("[1h]") for before in _PAST.findall(rule.expr)), rule.expr


def test_the_bound_of_a_queue_is_that_of_the_topology() -> None:
    policies = yaml.safe_load((ROOT / "rabbitmq/topology.json").read_text())["policies"]
    watched = {"spans", "unrouted", "feedback"}
    bounds = {policy["definition"]["max-length-bytes"] for policy in policies if policy["name"] in watched}
    (alert,) = (alert for alert in alerts() if alert.name == "QueueNearlyFull")

    assert [str(bound) for bound in bounds] == re.findall(r"/ (\d+)", alert.expr)


def _expectations() -> list[tuple[Path, dict[str, Any]]]:
    """Every expectation in the tests of rules, with the file that it is in."""
    return [
        (file, expected)
        for file in RULE_TESTS
        for test in yaml.safe_load(file.read_text())["tests"]
        for expected in test["promql_expr_test"]
    ]


def _fired() -> list[dict[str, str]]:
    """The labels of every alert that a test has fire."""
    samples = [sample["labels"] for _, expected in _expectations() for sample in expected["exp_samples"]]
    return [dict(re.findall(r'(\w+)="([^"]*)"', labels)) for labels in samples if _ALERT_SAMPLE.search(labels)]


def _silent(alert: Rule) -> bool:
    """Whether a test has it not fire: one that loads its file and expects none of ALERTS, or none by its name."""
    return any(
        expected["expr"].startswith("ALERTS")
        and not expected["exp_samples"]
        and f"rules/{alert.file}" in file.read_text().partition("evaluation_interval")[0]
        and (found is None or found["name"] == alert.name)
        for file, expected in _expectations()
        for found in [_ALERT_SAMPLE.search(expected["expr"])]
    )
