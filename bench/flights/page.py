"""The page docs/flights.md: its text is ``page.md``, every figure in it comes from the results."""

import calendar
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.flights import draw
from bench.flights.page_faults import of_faults
from tests.support.command import ROOT

TEMPLATE = Path(__file__).with_name("page.md")
PAGE = ROOT / "docs" / "flights.md"
RESULTS = ROOT / "bench" / "results"
NEEDS_TRUTH = ("right", "tells-late-from-punctual", "honest", "right-for-united", "fair-to-carriers")
TIMETABLE = ("carrier", "dest", "hour")
BLAMES_SHOWN = 3

Document = dict[str, Any]


def write() -> None:
    """Write the page and its pictures from the results that are there."""
    story, truth, faults = (read(name) for name in ("flights", "flights-truth", "faults"))
    for name in ("quality", "days", "drift", "carriers"):
        getattr(draw, name)(story, draw.PICTURES / f"flights-{name}.svg")
    draw.truth(truth, draw.PICTURES / "flights-truth.svg")
    draw.faults(faults, draw.PICTURES / "flights-faults.svg")
    found = {**of_run(story), **of_quality(story), **of_drift(story), **of_truth(truth, story), **of_faults(faults)}
    PAGE.write_text(TEMPLATE.read_text().format(**found))


def read(name: str) -> Document:
    """Results by name."""
    return dict(json.loads((RESULTS / f"{name}.json").read_text()))


def of_run(story: Document) -> dict[str, str]:
    """What was sent and what arrived."""
    truths: Counter[str] = Counter(story["truths"])
    cpu_s = story["cpu_s"]
    joined = sum(round(day["label_coverage"] * day["count"]) for day in story["days"].values())
    return {
        "flights": f"{story['flights']:,}",
        "ended_early": _ended_early(story),
        "never_landed": f"{story['never_landed']:,}",
        "failed": f"{sum(story['failed'].values()):,}",
        "records": f"{story['records']:,}",
        "told": f"{truths.total():,}",
        "joined": f"{joined:,}",
        "waited": f"{truths['waiting']:,}",
        "days": str(len(story["days"])),
        "hours": f"{sum(story['verdicts_of_hours']['fast-enough'].values()):,}",
        "minutes": f"{story['sent_in_s'] / 60:.0f}",
        "per_second": f"{story['per_second']:.0f}",
        "p50": f"{story['latency_ms']['p50']:.0f}",
        "p95": f"{story['latency_ms']['p95']:.0f}",
        **{f"cpu_{name}": f"{1e3 * seconds / story['flights']:.1f}" for name, seconds in cpu_s.items()},
        "callers": str(story["callers"]),
        "cores": str(story["machine"]["cores"]),
        "share": percent(sum(cpu_s.values()) / story["sent_in_s"] / story["machine"]["cores"]),
        "never_share": percent(story["never_landed"] / story["flights"], 1),
    }


def _ended_early(story: Document) -> str:
    if story["flights"] == story["scheduled"]:
        return ""
    last = max(story["days"])
    share = f"{story['flights']:,} of {story['scheduled']:,} flights"
    return f"\n\n**This run was ended early, on {last} of event time: {share}.**"


def of_quality(story: Document) -> dict[str, str]:
    """How good the answers were, and what the contract says of that."""
    months = draw.whole_months(story)
    verdicts = story["verdicts_of_days"]
    bad = [one for one in verdicts if one["verdict"] == "violated" and one["objective"] in NEEDS_TRUTH]
    right = Counter(one["start"][:7] for one in bad if one["objective"] == "right")
    landed = sum(day["label_coverage"] * day["count"] for day in months.values())

    def over_all(key: str) -> float:
        return float(sum(day[key] * day["label_coverage"] * day["count"] for day in months.values()) / landed)

    return {
        **_extremes(months, "accuracy", "accuracy", percent),
        **_extremes(months, "auc", "auc", "{:.3f}".format),
        "accuracy": percent(over_all("accuracy"), 1),
        "accuracy_never": percent(story["never_late_accuracy"], 1),
        "bad_days": str(len({one["start"] for one in bad})),
        "right_days": str(right.total()),
        "right_by_month": listed([f"{count} in {month_name(month)}" for month, count in sorted(right.items())]),
        "blames": "\n".join(_blames(verdicts)),
    }


def of_drift(story: Document) -> dict[str, str]:
    """What differs from the training months."""
    months = draw.whole_months(story)
    timetable = {column: max(month[f"psi[{column}]"] for month in months.values()) for column in TIMETABLE}
    hot = [one for one in story["verdicts_of_days"] if one["objective"] == "temperature-as-trained"]
    hot_days = Counter(one["start"][:7] for one in hot if one["verdict"] == "violated")
    by_day = sorted(day["psi[temp]"] for day in story["days"].values() if day["psi[temp]"] is not None)
    return {
        **{f"psi_{column}": f"{value:.3f}" for column, value in timetable.items()},
        "timetable": "" if max(timetable.values()) < 0.1 else ", but for those above it",
        **_extremes(months, "psi[temp]", "psi_temp", "{:.2f}".format, names=("low", "high")),
        **_extremes(months, "psi[@prediction]", "psi_answers", "{:.3f}".format, names=("low", "high")),
        "psi_temp_day": f"{by_day[len(by_day) // 2]:.1f}",
        "temp_threshold": f"{hot[0]['threshold']:g}",
        "temp_days": str(hot_days.total()),
        "temp_months": f", {listed([f'{count} in {month_name(month)}' for month, count in sorted(hot_days.items())])}"
        if hot_days
        else "",
        "carrier_text": _carrier_text(story, list(months)),
    }


def of_truth(truth: Document, story: Document) -> dict[str, str]:
    """How verdicts come about as the truth does."""
    history = truth["history"]
    last = max(one["after_h"] for one in history)
    finals = {one["day"]: one["verdicts"] for one in history if one["after_h"] == last}
    changed = [
        (one["day"], objective)
        for one in history
        for objective, verdict in one["verdicts"].items()
        if verdict != "unknown" and verdict != finals[one["day"]][objective]
    ]
    delays = sorted(day["label_delay.p50"] for day in story["days"].values() if day["label_delay.p50"] is not None)
    return {
        "truth_days": str(truth["days"]),
        "delay": f"{delays[len(delays) // 2] / 3600:.1f}",
        **{f"coverage_{hour}": percent(draw.mean_of(truth, hour, "coverage")) for hour in (1, 3, 6)},
        **{f"unknown_{hour}": percent(draw.verdict_share(truth, hour, "unknown")) for hour in (1, 3, 6)},
        **{f"accuracy_{hour}": percent(draw.mean_of(truth, hour, "accuracy"), 1) for hour in (1, last)},
        "changed_text": f"Once a verdict was given, {_changed(len(set(changed)))} by a later truth, of "
        f"{sum(map(len, finals.values()))} that were given in all.",
    }


def _changed(count: int) -> str:
    return "none was turned over" if count == 0 else f"{count} {'was' if count == 1 else 'were'} turned over"


def _extremes(
    months: dict[str, Any],
    key: str,
    name: str,
    shown: Callable[[float], str],
    names: tuple[str, str] = ("worst", "best"),
) -> dict[str, str]:
    low, high = (pick(months, key=lambda month: months[month][key]) for pick in (min, max))
    return {
        f"{name}_{names[0]}": shown(months[low][key]),
        f"{name}_{names[0]}_month": month_name(low),
        f"{name}_{names[1]}": shown(months[high][key]),
        f"{name}_{names[1]}_month": month_name(high),
    }


def _blames(verdicts: Sequence[Document]) -> list[str]:
    rows = ["| objective | days violated | unknown | blamed on how many of them |", "| --- | ---: | ---: | --- |"]
    for objective in sorted({one["objective"] for one in verdicts}):
        mine = [one for one in verdicts if one["objective"] == objective]
        bad = [one for one in mine if one["verdict"] == "violated"]
        blamed = Counter(f"{one['blame']['kind']} {one['blame']['name']}" for one in bad).most_common()
        told = [f"{name}: {count}" for name, count in blamed[:BLAMES_SHOWN]]
        rest = sum(count for _, count in blamed[BLAMES_SHOWN:])
        told += [f"others: {rest}"] if rest else []
        unknown = sum(one["verdict"] == "unknown" for one in mine)
        rows.append(f"| {objective} | {len(bad)} | {unknown} | {', '.join(told)} |")
    return rows


def _carrier_text(story: Document, months: Sequence[str]) -> str:
    """Which carriers are foreseen worst, and which have become more or fewer."""
    points = {
        (month, name): 100 * (found["accuracy"] - story["months"][month]["accuracy"])
        for month in months
        for name, found in story["carriers"][month].items()
        if found["count"] >= draw.LEAST_FLIGHTS and found["accuracy"] is not None
    }
    low = sorted(points, key=points.__getitem__)[:3]
    shares = {
        (month, name): share
        for month in months
        for name in story["carriers"][month]
        if (share := draw.more_flights(story, month, name)) is not None
    }
    moved = sorted(shares, key=lambda key: -abs(shares[key]))[:2]
    return (
        "Farthest below the accuracy of all are "
        + listed([f"{name} in {month_name(month)} ({points[month, name]:+.0f} points)" for month, name in low])
        + "; the share of the flights has changed most for "
        + listed([f"{name} in {month_name(month)} ({shares[month, name]:+.0f} %)" for month, name in moved])
        + "."
    )


def percent(value: float, digits: int = 0) -> str:
    """A share for people."""
    return f"{100 * value:.{digits}f} %"


def month_name(month: str) -> str:
    """Of ``2013-07``."""
    return calendar.month_name[int(month[5:])]


def listed(words: Sequence[str]) -> str:
    """Words in a row, the last with "and"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"
