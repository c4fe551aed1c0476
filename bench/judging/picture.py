"""Pictures of what a window costs, by part, and how that grows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes

from bench.judging.clock import REST

PICTURE = Path("docs/pictures/judging.svg")
PARTS: Mapping[str, tuple[str, ...]] = {
    "read records": ("read records",),
    "fold": ("fold records", "merge windows"),
    "facts": ("read windows", "facts"),
    "policy": ("policy",),
    "blame, evidence": ("blame", "evidence"),
    "store": ("store folds", "store verdicts", "read verdicts"),
    "everything else": (REST,),
}
_TITLES = {
    "records": "records in the window",
    "segments": "segments",
    "contracts": "contracts on one window (three objectives each)",
    "consumers": "consumers (a window each, 1,000 records in all)",
}


def draw(growth: Mapping[str, Sequence[Mapping[str, Any]]], path: Path = PICTURE) -> None:
    """One panel for each way to grow: milliseconds of processor time, stacked by part."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "hallmark"
    figure, panels = pyplot.subplots(2, 2, figsize=(9, 6.4), layout="constrained")
    for axes, (axis, points) in zip(panels.flat, growth.items(), strict=True):
        _panel(axes, axis, points)
    panels.flat[0].legend(fontsize=8, frameon=False, loc="upper left")
    figure.suptitle("Processor time to fold and judge windows of ten seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _panel(axes: Axes, axis: str, points: Sequence[Mapping[str, Any]]) -> None:
    at = [point[axis] for point in points]
    layers = [
        [sum(point["cpu_ms_by_part"].get(name, 0.0) for name in names) for point in points] for names in PARTS.values()
    ]
    axes.stackplot(at, *layers, labels=list(PARTS))
    axes.set(xlabel=_TITLES[axis], ylabel="ms", xlim=(at[0], at[-1]), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
