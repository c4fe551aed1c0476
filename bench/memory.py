"""Memory of every process of the pipeline, as long as the load lasts, and a picture of it.

Services, collector, RabbitMQ, Prometheus and engine on one machine, with predictions at a fixed rate from the same
machine.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import linear_regression
from typing import Any

import matplotlib as mpl
import psutil
from matplotlib import pyplot

from tests.support.parts import RunningPart
from tests.support.pipeline import Pipeline

RATES = (500.0, 400.0, 300.0, 250.0, 200.0, 150.0, 100.0, 50.0)
"""Predictions a second, of which the first is taken that the machine holds beside all that it measures."""
TRY_S = 15.0
SECONDS = 600.0
EVERY_S = 5.0
WARM_UP_S = 120.0
"""Left out of the trend: caches and look-ups with a bound of their own are filled."""

PICTURE = Path("docs/pictures/memory.svg")


def run(folder: Path, say: Callable[[str], None], *, seconds: float = SECONDS) -> dict[str, Any]:
    """Measure, draw, and return the result document."""
    pipeline = Pipeline(folder, impatient=False)
    with pipeline.running():
        rate = _held(pipeline, say)
        pipeline.until_drained()
        before = pipeline.stored().records
        with pipeline.load(rate, seconds) as load:
            at_s, resident = _watch(pipeline, load.is_running, say)
            done = load.result()
        pipeline.until_drained(SECONDS)
        stored = pipeline.stored()
    _draw(at_s, resident, PICTURE, f"{done['rate']:.0f} predictions/s for {seconds / 60:.0f} min")
    return {
        "what": "resident memory of every process under load, MiB",
        "seconds": seconds,
        "held_per_second": rate,
        "load": done,
        "records": {"stored": stored.records - before, "spans_in_all": stored.span_count},
        "warm_up_s": WARM_UP_S,
        "trend_mib_per_minute": {name: _trend(at_s, values) for name, values in resident.items()},
        "at_s": at_s,
        "resident_mib": resident,
    }


def _held(pipeline: Pipeline, say: Callable[[str], None]) -> float:
    """The highest rate that is kept up without a failure."""
    for rate in RATES:
        with pipeline.load(rate, TRY_S) as load:
            done = load.result()
        say(f"asked for {rate:.0f}/s: {done['rate']:.0f}/s, {sum(done['failed'].values())} failed")
        if not done["failed"] and done["rate"] >= 0.98 * rate:
            return rate
    raise RuntimeError(f"not even {RATES[-1]:.0f} predictions a second are kept up")


def _watch(
    pipeline: Pipeline, is_running: Callable[[], bool], say: Callable[[str], None]
) -> tuple[list[float], dict[str, list[float]]]:
    parts = {
        **pipeline.services,
        "engine": pipeline.engine,
        "collector": pipeline.collector,
        "rabbitmq": pipeline.broker.node,
        "prometheus": pipeline.prometheus,
    }
    at_s: list[float] = []
    resident: dict[str, list[float]] = defaultdict(list)
    start = time.monotonic()
    while is_running():
        at_s.append(round(time.monotonic() - start, 1))
        for name, part in parts.items():
            resident[name].append(round(_resident_mib(part), 2))
        if len(at_s) % 12 == 0:
            say(f"{at_s[-1]:.0f} s: " + ", ".join(f"{name} {values[-1]:.0f}" for name, values in resident.items()))
        time.sleep(EVERY_S)
    return at_s, dict(resident)


def _resident_mib(part: RunningPart) -> float:
    """Of a process and all below it: RabbitMQ is started by a script."""
    assert part.process is not None
    process = psutil.Process(part.process.pid)
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 2**20


def _trend(at_s: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the least-squares line after the warm-up, MiB a minute."""
    after = [(t / 60, v) for t, v in zip(at_s, values, strict=True) if t >= WARM_UP_S]
    if len(after) < 3:
        return 0.0
    minutes, mib = zip(*after, strict=True)
    return round(linear_regression(minutes, mib).slope, 3)


def _draw(at_s: Sequence[float], resident: Mapping[str, Sequence[float]], path: Path, title: str) -> None:
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "hallmark"
    figure, axes = pyplot.subplots(figsize=(8, 4.2), layout="constrained")
    highest = max(map(max, resident.values()))
    label_at = 0.0
    for name, values in sorted(resident.items(), key=lambda item: item[1][-1]):
        (line,) = axes.plot([t / 60 for t in at_s], values, linewidth=1.6)
        label_at = max(values[-1], label_at + highest / 22)  # labels of neighbours do not overlap
        axes.annotate(
            f" {name} {values[-1]:.0f}",
            (at_s[-1] / 60, label_at),
            color=line.get_color(),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    axes.set(title=title, xlabel="minutes", ylabel="resident memory, MiB", xlim=(0, at_s[-1] / 60), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def lines(document: dict[str, Any]) -> list[str]:
    """The figures, for a terminal."""
    load, records = document["load"], document["records"]
    first = (
        f"{load['ok']} predictions at {load['rate']:.0f}/s, p99 {load['latency_ms']['p99']:.0f} ms, "
        f"{records['stored']} records"
    )
    resident, trend = document["resident_mib"], document["trend_mib_per_minute"]
    return [first, *(f"{name}: {resident[name][-1]:.0f} MiB, {trend[name]:+.2f} MiB a minute" for name in resident)]
