"""Pictures of the studies, from their results alone; white behind them, so that they can be read on a dark page too."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize

from bench.flights.marks import COLOURS, VIOLATED, Shades, figure_at, heatmap, strips
from bench.flights.stored import COLUMNS
from tests.support.command import ROOT

PICTURES = ROOT / "docs" / "pictures"
RULE_COLOURS = {"hallmark": "#0b62b8", "mean latency": "#b86e00", "each report": "#8a94a0"}
QUALITY = {
    "accuracy": ("accuracy", "right"),
    "auc": ("AUC", "tells-late-from-punctual"),
    "calibration_error": ("calibration error", "honest"),
    "brier_score": ("Brier score", ""),
}
LEAST_FLIGHTS = 100
"""Carriers with fewer flights in a month are left blank: that would be chance."""

Document = dict[str, Any]


def quality(document: Document, path: Path) -> None:
    """How good the answers were, week by week, over the verdicts of each day."""
    weeks = {date.fromisoformat(day): found for day, found in document["weeks"].items() if found["count"] > 1000}
    objectives = ["right", "tells-late-from-punctual", "honest", "right-for-united", "fair-to-carriers"]
    heights = [2] * len(QUALITY) + [2.2]
    with figure_at(path, (8, 8.6), nrows=len(heights), sharex=True, height_ratios=heights) as (_, axes):
        for axis, (key, (name, objective)) in zip(axes, QUALITY.items(), strict=False):
            axis.plot(list(weeks), [found[key] for found in weeks.values()], marker="o", markersize=3, color="#0b62b8")
            if objective:
                axis.axhline(_threshold(document, objective), color=VIOLATED, linewidth=1, linestyle="--")
            axis.set_ylabel(name)
            axis.grid(axis="y", alpha=0.3)
        strips(axes[-1], document["verdicts_of_days"], objectives)
        axes[0].set_title("Each week (dashed: what the contract asks of a day), and the verdict of each day")


def days(document: Document, path: Path) -> None:
    """The verdict of every objective that is judged by days, on every day."""
    objectives = sorted({one["objective"] for one in document["verdicts_of_days"]})
    with figure_at(path, (8, 0.32 * len(objectives) + 1.1)) as (_, axis):
        strips(axis, document["verdicts_of_days"], objectives)
        axis.set_title("The contract flights-operations, day by day")


def drift(document: Document, path: Path) -> None:
    """Population stability index of each month and column."""
    months = list(whole_months(document))
    values = np.array([[document["months"][month][f"psi[{column}]"] for month in months] for column in COLUMNS], float)
    names = ["the answers" if column == "@prediction" else column for column in COLUMNS]
    with figure_at(path, (7, 4.8)) as (figure, axis):
        image = heatmap(axis, values, months, names, Shades(LogNorm(0.002, 3), "YlOrRd", "{:.3f}"))
        figure.colorbar(image, ax=axis, label="PSI")
        axis.set_title("Drift from January to June 2013")


def carriers(document: Document, path: Path) -> None:
    """What has become of each carrier's flights, month by month."""
    usual = whole_months(document)
    months = list(usual)
    names = sorted({name for month in months for name in document["carriers"][month]})
    names = [name for name in names if any(_of(document, month, name, "accuracy") is not None for month in months)]
    panels: list[tuple[str, Callable[[str, str], float | None], Shades]] = [
        (
            "accuracy, points from that of all",
            lambda month, name: _difference(_of(document, month, name, "accuracy"), usual[month]["accuracy"]),
            Shades(Normalize(-15, 15), "RdYlGn", "{:+z.0f}"),
        ),
        (
            "calibration error, points",
            lambda month, name: _points(_of(document, month, name, "calibration_error")),
            Shades(Normalize(0, 25), "YlOrRd", "{:.0f}"),
        ),
        (
            "share of flights, % more than in training",
            lambda month, name: more_flights(document, month, name),
            Shades(Normalize(-40, 40), "PuOr", "{:+z.0f}"),
        ),
    ]
    with figure_at(path, (11, 5.2), ncols=3, sharey=True) as (_, axes):
        for axis, (title, value, shades) in zip(axes, panels, strict=True):
            found = [[value(month, name) for month in months] for name in names]
            heatmap(axis, np.array(found, float), [month[5:] for month in months], names, shades)
            axis.set_title(title)
            axis.set_xlabel("month of 2013")


def whole_months(document: Document) -> Document:
    """Months in the time of events, UTC: without January, in which New York's last evening of the year is."""
    return {month: found for month, found in document["months"].items() if found["count"] > 1000}


def more_flights(document: Document, month: str, carrier: str) -> float | None:
    """By how many per cent a carrier's share of the flights of a month is above its share in training."""
    if _of(document, month, carrier, "count") is None:
        return None
    share = document["carriers"][month][carrier]["count"] / document["months"][month]["count"]
    return 100 * (share / float(document["trained_on_carriers"][carrier]) - 1)


def truth(document: Document, path: Path) -> None:
    """Verdicts against the hours since the end of their window, and how much of the truth is there."""
    hours = sorted({one["after_h"] for one in document["history"]})
    words = ("pass", "violated", "unknown")
    shares = [[verdict_share(document, hour, word) for hour in hours] for word in words]
    with figure_at(path, (8, 4.8), nrows=2, sharex=True, height_ratios=[2, 1.3]) as (_, axes):
        axes[0].stackplot(hours, shares, colors=[COLOURS[word] for word in words], labels=words, step="mid")
        axes[0].set(ylabel="share of verdicts", ylim=(0, 1), title="Verdicts that need truth, after the end of the day")
        axes[0].legend(loc="lower right", framealpha=0.9)
        for key, colour in (("coverage", "#6b3fa0"), ("accuracy", "#0b62b8")):
            axes[1].plot(
                hours, [mean_of(document, hour, key) for hour in hours], color=colour, marker="o", markersize=3
            )
            end = (hours[-1], mean_of(document, hours[-1], key))
            axes[1].annotate(key, end, (6, 0), textcoords="offset points", color=colour, va="center")
        axes[1].set(xlabel="hours of event time since the end of the day", ylabel="mean of the days")
        axes[1].grid(axis="y", alpha=0.3)


def faults(document: Document, path: Path) -> None:
    """Which share of the faults each rule found within two windows, and its false alarms."""
    table = document["table"]
    kinds = [kind for kind in table["hallmark"] if kind != "none"]
    width = 0.27
    with figure_at(path, (9, 3.6), ncols=2, width_ratios=[4, 1.3]) as (_, (left, right)):
        for place, (rule, colour) in enumerate(RULE_COLOURS.items()):
            at = np.arange(len(kinds)) + (place - 1) * width
            found = [table[rule][kind]["within_two_windows"] / table[rule][kind]["runs"] for kind in kinds]
            left.bar(at, found, width, color=colour, label=_name(rule))
            right.bar(place, false_per_100(table[rule]), 0.7, color=colour)
        left.set_xticks(range(len(kinds)), [kind.replace(" ", "\n") for kind in kinds])
        left.set(
            ylim=(0, 1.2), yticks=[0, 0.25, 0.5, 0.75, 1], ylabel="share of runs", title="found within two windows"
        )
        left.legend(loc="upper center", fontsize=8, ncols=3, frameon=False)
        right.set(title="false alarms per\n100 fault-free windows", xticks=[])


def false_per_100(rows: dict[str, Any]) -> float:
    """False alarms of a rule per 100 windows without a fault, over all runs."""
    return (
        100
        * sum(row["false_alarms"] for row in rows.values())
        / sum(row["fault_free_windows"] for row in rows.values())
    )


def verdict_share(document: Document, after_h: int, word: str) -> float:
    """Share of the verdicts so many hours after the end of their day."""
    found = [
        verdict for one in document["history"] if one["after_h"] == after_h for verdict in one["verdicts"].values()
    ]
    return found.count(word) / len(found) if found else 0.0


def mean_of(document: Document, after_h: int, key: str) -> float:
    """Mean over the days."""
    return float(np.mean([one[key] for one in document["history"] if one["after_h"] == after_h]))


def _of(document: Document, month: str, carrier: str, key: str) -> float | None:
    found = document["carriers"][month].get(carrier)
    return found[key] if found is not None and found["count"] >= LEAST_FLIGHTS else None


def _points(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _difference(value: float | None, usual: float) -> float | None:
    return None if value is None else 100 * (value - usual)


def _threshold(document: Document, objective: str) -> float:
    return float(next(one["threshold"] for one in document["verdicts_of_days"] if one["objective"] == objective))


def _name(rule: str) -> str:
    return {"hallmark": "Hallmark's contract", "mean latency": "mean latency of the window"}.get(rule, rule)
