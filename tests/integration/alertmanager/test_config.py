"""Alertmanager accepts its configuration, and tells those whom Prometheus' label `notify` names."""

import re
import subprocess

import pytest
import yaml

from hallmark_cli.stack.programs import program
from tests.integration.prometheus.rule_files import alerts
from tests.support.command import ROOT

CONFIG = ROOT / "alertmanager/alertmanager.yml"


def amtool(*arguments: str) -> str:
    """Run it; what it says on stdout."""
    command = [program("amtool", "prometheus-alertmanager"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_configuration_and_templates() -> None:
    assert "SUCCESS" in amtool("check-config", str(CONFIG))


@pytest.mark.parametrize(
    ("notify", "receivers"),
    [("", "page"), ("slack", "slack"), ("webhook", "webhook"), ("slack,webhook", "slack,webhook")],
)
@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_who_is_told(notify: str, receivers: str, severity: str) -> None:
    labels = [f"severity={severity}", "component=broker", f"notify={notify}"]

    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels).strip() == receivers


def test_what_inhibits_and_what_is_inhibited_are_alerts_that_there_are() -> None:
    rules = yaml.safe_load(CONFIG.read_text())["inhibit_rules"]
    matchers = [one for rule in rules for one in (*rule["source_matchers"], *rule["target_matchers"])]
    named = [re.fullmatch(r'alertname=~?"(.+)"', matcher) for matcher in matchers]
    patterns = {pattern for found in named if found for pattern in found[1].split("|")}
    names = {alert.name for alert in alerts()}

    assert patterns
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in names)] == []


def test_no_url_with_a_secret_is_in_it() -> None:
    addresses = [line.strip() for line in CONFIG.read_text().splitlines() if "://" in line]

    assert addresses == ["url: http://127.0.0.1:9087/alerts"]
