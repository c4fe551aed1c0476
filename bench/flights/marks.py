"""Parts of pictures: a figure that is written, strips of verdicts, heat maps of figures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import dates, pyplot
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Patch

PASS, VIOLATED, UNKNOWN = "#2a9d6f", "#c8372d", "#b4bcc4"
COLOURS = {"pass": PASS, "violated": VIOLATED, "unknown": UNKNOWN}


@dataclass(frozen=True, slots=True)
class Shades:
    """How a heat map shows values."""

    norm: Normalize
    colours: str
    text: str
    """As str.format takes it."""


@contextmanager
def figure_at(path: Path, size: tuple[float, float], **layout: Any) -> Iterator[Any]:
    """A figure and its axes to draw on, written to a file at the end; the same bytes for the same figures."""
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "hallmark", "svg.fonttype": "none", "font.size": 9})
    ratios: dict[str, Any] = {key: layout.pop(key) for key in ("height_ratios", "width_ratios") if key in layout}
    figure, axes = pyplot.subplots(figsize=size, layout="constrained", gridspec_kw=ratios, **layout)
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    yield figure, axes
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def strips(axis: Any, verdicts: Sequence[dict[str, Any]], objectives: Sequence[str]) -> None:
    """One row of coloured days for each objective."""
    words = list(COLOURS)
    days = sorted({one["start"][:10] for one in verdicts})
    cells = np.full((len(objectives), len(days)), np.nan)
    for one in verdicts:
        if one["objective"] in objectives:
            place = objectives.index(one["objective"]), days.index(one["start"][:10])
            cells[place] = words.index(one["verdict"])
    first, last = (dates.date2num(date.fromisoformat(day)) for day in (days[0], days[-1]))
    axis.imshow(
        cells,
        aspect="auto",
        cmap=ListedColormap(list(COLOURS.values())),
        vmin=0,
        vmax=len(words) - 1,
        interpolation="nearest",
        extent=(first, last + 1, len(objectives) - 0.5, -0.5),
    )
    axis.xaxis_date()
    axis.xaxis.set_major_formatter(dates.DateFormatter("%b"))
    axis.xaxis.set_major_locator(dates.MonthLocator())
    axis.set_yticks(range(len(objectives)), objectives)
    for line in range(1, len(objectives)):
        axis.axhline(line - 0.5, color="white", linewidth=2)
    marks = [Patch(color=colour, label=word) for word, colour in COLOURS.items()]
    axis.legend(handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False, fontsize=8)


def heatmap(
    axis: Any, values: npt.NDArray[np.float64], columns: Sequence[str], rows: Sequence[str], shades: Shades
) -> Any:
    """Values [rows, columns] as colours and text; NaN stays blank."""
    image = axis.imshow(values, aspect="auto", cmap=shades.colours, norm=shades.norm)
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            red, green, blue, _ = image.cmap(shades.norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            axis.text(
                column, row, shades.text.format(value), ha="center", va="center", fontsize=7, color="w" if dark else "k"
            )
    return image
