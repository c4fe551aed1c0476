"""The dashboards are whole: every panel can be read without its author, and every query has its data source."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.build import FOLDER
from tests.support.command import ROOT

DASHBOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
PANELS = [
    pytest.param(name, panel, id=f"{name}: {panel['title']}")
    for name, dashboard in sorted(DASHBOARDS.items())
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]
VARIABLE = re.compile(r"\$(\w+)")
BUILT_IN = {"__rate_interval", "__range"}


def data_sources() -> dict[str, dict[str, Any]]:
    """Those that are provisioned, by uid."""
    file = ROOT / "grafana/provisioning/datasources/hallmark.yml"
    return {source["uid"]: source for source in yaml.safe_load(file.read_text())["datasources"]}


def test_the_dashboards_that_there_should_be() -> None:
    assert set(DASHBOARDS) == {"services", "contracts", "quality", "request", "pipeline"}


@pytest.mark.parametrize("key", ["uid", "title", "description"])
def test_no_two_dashboards_share_a_name(key: str) -> None:
    values = [dashboard[key] for dashboard in DASHBOARDS.values()]

    assert all(values)
    assert len(set(values)) == len(values)


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_says_what_it_shows_in_which_unit(name: str, panel: dict[str, Any]) -> None:
    titles = [other["title"] for other in DASHBOARDS[name]["panels"]]

    assert panel["title"]
    assert titles.count(panel["title"]) == 1
    assert len(panel["description"]) > 20
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_has_queries_of_a_data_source_that_is_provisioned(name: str, panel: dict[str, Any]) -> None:
    used = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    declared = {variable["name"] for variable in DASHBOARDS[name].get("templating", {}).get("list", ())}
    queries = [target.get("expr") or target.get("query", "") for target in panel["targets"]]

    assert panel["targets"]
    assert all(data_sources()[source["uid"]]["type"] == source["type"] for source in used)
    assert len({target["refId"] for target in panel["targets"]}) == len(queries)
    assert {variable for query in queries for variable in VARIABLE.findall(query)} <= declared | BUILT_IN


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_no_variable_is_declared_in_vain(name: str) -> None:
    declared = {variable["name"] for variable in DASHBOARDS[name].get("templating", {}).get("list", ())}

    assert declared <= set(VARIABLE.findall(json.dumps(DASHBOARDS[name]["panels"])))


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_panels_lie_side_by_side(name: str) -> None:
    places = [panel["gridPos"] for panel in DASHBOARDS[name]["panels"]]

    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    assert not [(a, b) for a, b in combinations(places, 2) if _overlap(a, b)]


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    return all(max(a[at], b[at]) < min(a[at] + a[size], b[at] + b[size]) for at, size in (("x", "w"), ("y", "h")))


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_the_model_of_grafana_reads_it_without_loss(name: str) -> None:
    read = Dashboard.from_json(DASHBOARDS[name])

    assert json.loads(JSONEncoder().encode(read)) == DASHBOARDS[name]


def test_exemplars_lead_to_traces_and_traces_to_metrics() -> None:
    sources = data_sources()
    (exemplars,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]

    assert exemplars["datasourceUid"] == "tempo"
    assert sources["tempo"]["jsonData"]["tracesToMetrics"]["datasourceUid"] == "prometheus"
    assert sources["tempo"]["jsonData"]["serviceMap"]["datasourceUid"] == "prometheus"


def test_where_things_are_comes_from_the_environment() -> None:
    provisioned = (ROOT / "grafana/provisioning").glob("*/*.yml")

    assert not [file for file in provisioned if "://" in file.read_text()]
    assert {source["url"] for source in data_sources().values()} == {
        "$PROMETHEUS_URL",
        "$TEMPO_URL",
        "$ALERTMANAGER_URL",
    }
