"""The queries of the committed dashboards, with their variables filled in."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from grafana.build import FOLDER
from tests.support.command import ROOT

VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "5m",
    "$service": ".*",
    "$consumer": ".*",
    "$model": ".*",
    "$contract": ".*",
    "$objective": ".*",
}


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One query of one panel."""

    dashboard: str
    panel: str
    source: Literal["prometheus", "tempo"]
    query: str
    """PromQL or TraceQL; empty for the service map."""
    instant: bool
    exemplars: bool

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.query}"

    def filled_in(self, **others: str) -> str:
        """The query with a value for each variable."""
        filled = self.query
        for name, value in (VARIABLES | {f"${name}": value for name, value in others.items()}).items():
            filled = filled.replace(name, value)
        assert "$" not in filled, f"{filled} has a variable without a value"
        return filled


def panel_queries(source: Literal["prometheus", "tempo"]) -> list[PanelQuery]:
    """All queries of a data source."""
    return [
        _query(path.stem, panel, target)
        for path in sorted(FOLDER.glob("*.json"))
        for panel in json.loads(path.read_text())["panels"]
        for target in panel.get("targets", ())
        if target["datasource"]["type"] == source
    ]


def queries_of_a_trace(tags: str) -> dict[str, str]:
    """PromQL that Grafana offers beside a span, by name; ``tags`` is what it puts in of that span."""
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/hallmark.yml").read_text())["datasources"]
    (tempo,) = (source for source in sources if source["type"] == "tempo")
    # Grafana takes two dollars in a provisioned file for one.
    offered = {one["name"]: one["query"] for one in tempo["jsonData"]["tracesToMetrics"]["queries"]}
    return {name: query.replace("$$__tags", tags) for name, query in offered.items()}


def _query(dashboard: str, panel: dict[str, Any], target: dict[str, Any]) -> PanelQuery:
    return PanelQuery(
        dashboard,
        panel["title"],
        target["datasource"]["type"],
        target.get("expr") or target.get("query", ""),
        bool(target.get("instant")),
        bool(target.get("exemplar")),
    )
