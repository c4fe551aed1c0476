"""A running Prometheus with the project's configuration and rules, and questions to it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from hallmark_cli.stack.part import Site
from hallmark_cli.stack.parts.prometheus import prometheus
from tests.support.command import ROOT
from tests.support.parts import RunningPart

_EVERY_SECOND = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}


class Prometheus(RunningPart):
    """Over the parts of a site."""

    def __init__(self, site: Site, *, impatient: bool = False) -> None:
        """``impatient``: scrapes and evaluates every second, and alerts fire as soon as their condition holds."""
        super().__init__(prometheus(site, tempo=False), site.folder("log"))
        self._url = f"http://127.0.0.1:{site.settings.stack_prometheus_port}/api/v1"
        if impatient:
            _hurry(site)

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The series that an instant query answers."""
        return list(self._get("query", query=promql)["result"])

    def value(self, promql: str) -> float:
        """The sum of these, 0 where there are none."""
        return sum(float(series["value"][1]) for series in self.query(promql))

    def exemplars(self, promql: str) -> set[str]:
        """Trace ids of the exemplars of a query."""
        found = self._get("query_exemplars", query=promql, start="0", end="4102444800")
        return {exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]}

    def alerts(self) -> set[str]:
        """Names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"}

    def _get(self, path: str, **parameters: str) -> Any:
        return httpx.get(f"{self._url}/{path}", params=parameters, timeout=10).raise_for_status().json()["data"]


def hurried_copy(folder: Path) -> None:
    """Copy prometheus/ into a folder, to look every second and to wait for nothing; the conditions stay as they are."""
    shutil.copytree(ROOT / "prometheus", folder, dirs_exist_ok=True)
    edit_yaml(folder / "prometheus.yml", lambda config: config["global"].update(_EVERY_SECOND))
    for rules in (folder / "rules").glob("*.yml"):
        edit_yaml(rules, _at_once)


def edit_yaml(file: Path, change: Callable[[Any], object]) -> None:
    """Change what a YAML file says."""
    content = yaml.safe_load(file.read_text())
    change(content)
    file.write_text(yaml.safe_dump(content))


def _at_once(rules: dict[str, Any]) -> None:
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)


def _hurry(site: Site) -> None:
    """Put copies in the place of the links to the project's files."""
    folder = site.folder("prometheus") / "config"
    (folder / "prometheus.yml").unlink()
    (folder / "rules").unlink()
    hurried_copy(folder)
