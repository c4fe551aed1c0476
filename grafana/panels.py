"""Panels in the forms that our dashboards use, with what every one of them has: title, description, unit."""

from collections.abc import Mapping
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    nodegraph,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, StackingMode, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue as Property
from grafana_foundation_sdk.models.dashboard import Panel as BuiltPanel

from grafana.queries import Query
from grafana.sources import PROMETHEUS, TEMPO

HALF, THIRD, QUARTER, SIXTH, FULL = 12, 8, 6, 4, 24
"""Widths, of 24."""

Panel = TypeVar(
    "Panel", timeseries.Panel, stat.Panel, statetimeline.Panel, table.Panel, nodegraph.Panel, dashboard.Panel
)
Panels = tuple[Builder[BuiltPanel], ...]


def graph(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = HALF,
    stacked: bool = False,
    negative: bool = False,
) -> timeseries.Panel:
    """Lines over time; ``stacked`` where their sum means something, ``negative`` where they may be below 0."""
    panel = (
        _described(timeseries.Panel(), title, description, queries)
        .unit(unit)
        .span(width)
        .height(8)
        .line_width(1)
        .fill_opacity(25 if stacked else 5)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if not negative:
        panel.min(0)
    return panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL)) if stacked else panel


def number(
    title: str, description: str, unit: str, query: Query, *, width: int = SIXTH, red_from: float | None = None
) -> stat.Panel:
    """One figure, or one a series; red from a value on, where there is such a value."""
    steps = [Threshold(None, "green")] + ([] if red_from is None else [Threshold(red_from, "red")])
    return (
        _described(stat.Panel(), title, description, [query])
        .unit(unit)
        .span(width)
        .height(4)
        .no_value("none")
        .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    )


def timeline(title: str, description: str, query: Query, states: Mapping[int, tuple[str, str]]) -> statetimeline.Panel:
    """A bar a series; ``states`` has name and colour of each value."""
    names = {str(value): ValueMappingResult(name, color) for value, (name, color) in states.items()}
    return (
        _described(statetimeline.Panel(), title, description, [query])
        .unit("none")
        .span(FULL)
        .height(10)
        .mappings([ValueMap(names)])
        .merge_values(True)
        .legend(_legend())
    )


def listing(title: str, description: str, query: Query, *, width: int = HALF) -> table.Panel:
    """Rows of a table; the time of an instant query, the same in each row, is left out."""
    return (
        _described(table.Panel(), title, description, [query])
        .unit("none")
        .span(width)
        .height(8)
        .override_by_regexp("Time|__name__", [Property("custom.hidden", value=True)])
    )


def map_of_calls(title: str, description: str, query: Query) -> nodegraph.Panel:
    """Services as nodes, calls as edges."""
    return _described(nodegraph.Panel(), title, description, [query]).unit("none").span(HALF).height(12)


def whole_trace(title: str, description: str, query: Query) -> dashboard.Panel:
    """One trace as Grafana's trace view shows it."""
    return _described(dashboard.Panel().type("traces"), title, description, [query]).unit("ms").span(FULL).height(18)


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )


def _described(panel: Panel, title: str, description: str, queries: tuple[Query, ...] | list[Query]) -> Panel:
    lettered: list[Builder[Dataquery]] = [
        query.ref_id(letter) for query, letter in zip(queries, ascii_uppercase, strict=False)
    ]
    return panel.title(title).description(description).datasource(_source(queries[0])).targets(lettered)


def _source(query: Query) -> DataSourceRef:
    return PROMETHEUS if isinstance(query, prometheus.Dataquery) else TEMPO
