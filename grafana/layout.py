"""What all our dashboards have in common: names, links to each other, rows."""

from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.panels import Panels
from grafana.sources import PROMETHEUS

TAG = "hallmark"

Variable = dashboard.QueryVariable | dashboard.TextBoxVariable


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Panels


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard; its uid is ``hallmark-<name>`` and its file ``<name>.json``."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = field(default=())

    def build(self) -> Dashboard:
        """As Grafana has it."""
        page = (
            dashboard.Dashboard(self.title)
            .uid(f"hallmark-{self.name}")
            .description(self.description)
            .tags([TAG])
            .readonly()
            .time("now-1h", "now")
            .refresh("30s")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .link(_others())
            .variables(list(self.variables))
        )
        for row in self.rows:
            page.with_row(dashboard.Row(row.title))
            for panel in row.panels:
                page.with_panel(panel)
        return _numbered(page.build())


def values_of(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A variable whose values are in Prometheus; several may be chosen, at first all."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def text(name: str, label: str, default: str = "") -> dashboard.TextBoxVariable:
    """A variable that is typed in."""
    return dashboard.TextBoxVariable(name).label(label).default_value(default)


def _others() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("Hallmark")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
    )


def _numbered(page: Dashboard) -> Dashboard:
    for number, panel in enumerate(page.panels or (), start=1):
        panel.id_val = number
    return page
