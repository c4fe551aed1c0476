"""A running Prometheus with the project's configuration and rules, and questions to it."""

import re
from typing import Any

import httpx

from hallmark_cli.stack.part import Site
from hallmark_cli.stack.parts.prometheus import prometheus
from tests.support.parts import RunningPart

_WAITS = re.compile(r"^\s+for: \d+\w+\n", re.MULTILINE)
_INTERVALS = re.compile(r"^(\s+)(scrape_interval|scrape_timeout|evaluation_interval): \w+", re.MULTILINE)


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


def _hurry(site: Site) -> None:
    """Put copies in the place of the links to the project's files: the same conditions, without patience."""
    folder = site.folder("prometheus") / "config"
    (folder / "prometheus.yml").unlink()
    (folder / "rules").unlink()
    (folder / "rules").mkdir()
    project = site.project / "prometheus"
    (folder / "prometheus.yml").write_text(_INTERVALS.sub(r"\1\2: 1s", (project / "prometheus.yml").read_text()))
    for rules in (project / "rules").iterdir():
        (folder / "rules" / rules.name).write_text(_WAITS.sub("", rules.read_text()))
