"""What every metric of the catalogue should be, from raw records by other means: loops, NumPy, SciPy, scikit-learn."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import spatial, stats
from sklearn import metrics

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.profile import CategoryProfile, NumberProfile
from tests.unit.qoa.metrics.worlds import PRICE, SECONDS, World

CLIENT = {"CANCELLED", "INVALID_ARGUMENT"}
ABSENT = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}
SCHEMA = {"missing", "type", "range", "category", "size"}
RANGES = {"range", "reference_range"}

Number = float | None


@dataclass(frozen=True)
class Answered:
    """One instance that was answered."""

    label: str
    confidence: float
    value: float
    truth: str | None


@cache
def answered(world: World) -> list[Answered]:
    """Every answered instance, with its truth where that can be used."""
    found = []
    for record in world.records:
        facts = record.prediction
        truths: list[Any] = [None] * facts.count
        if record.HasField("truth"):
            told = [record.truth.value] if facts.count == 1 else json.loads(record.truth.value)
            truths = told if len(told) == facts.count else truths
        for index, truth in enumerate(truths):
            label = facts.labels[index] if facts.labels else ""
            confidence = facts.confidences[index] if facts.labels else math.nan
            value = facts.values[index] if facts.values else math.nan
            found.append(Answered(label, confidence, value, None if truth is None else str(truth)))
    return found


@cache
def known(world: World) -> list[Answered]:
    """Those whose truth is known."""
    return [one for one in answered(world) if one.truth is not None]


@cache
def numbers(world: World) -> tuple[list[float], list[float]]:
    """Answered and true numbers."""
    pairs = [(one.value, one.truth) for one in known(world) if one.truth != "not a number"]
    return [value for value, _ in pairs], [float(truth or 0) for _, truth in pairs]


@cache
def events(world: World) -> tuple[list[bool], list[float]]:
    """Whether the event of a probability happened, and the probability."""
    those = [one for one in known(world) if one.truth in ("late", "on time")]
    return [one.truth == "late" for one in those], [one.value for one in those]


@cache
def hits(world: World) -> tuple[list[bool], list[float]]:
    """Whether an answered label was right, and the confidence in it."""
    return [one.label == one.truth for one in known(world)], [one.confidence for one in known(world)]


@cache
def labels(world: World) -> tuple[list[str], list[str]]:
    """True and answered labels; truths that are no label of the model are one."""
    those = known(world)
    return [one.truth if one.truth in world.context.labels else "other" for one in those], [one.label for one in those]


@cache
def ended(world: World) -> list[QualityRecord]:
    """Requests whose end is known."""
    return [record for record in world.records if record.HasField("duration_ms")]


@cache
def rows(world: World) -> list[dict[str, Any]]:
    """Recorded instances."""
    return [json.loads(text) for record in world.records for text in record.instances_json]


@cache
def cells(world: World, column: str) -> list[Any]:
    """Recorded values of a column that are there, or a measure of images, or the answers."""
    if column == "@prediction":
        return [one.label or one.value for one in answered(world)]
    if column in ("brightness", "contrast", "sharpness"):
        return [getattr(record.data.image, column) for record in images(world)]
    values = [row[column] for row in rows(world) if row.get(column) is not None]
    return [str(value).lower() if isinstance(value, bool) else value for value in values]


@cache
def images(world: World) -> list[QualityRecord]:
    """Records of images."""
    return [record for record in world.records if record.data.HasField("image")]


def stages(world: World, name: str, field: str) -> list[float]:
    """A time of a stage, s."""
    return [getattr(stage, field) / 1e3 for record in world.records for stage in record.stages if stage.name == name]


@cache
def transits(world: World, name: str) -> list[float]:
    """What the caller of a stage waited beyond it, s."""
    caller = {"preprocess": "web", "inference": "preprocess"}.get(name)
    found = []
    for record in world.records:
        by_name = {stage.name: stage for stage in record.stages}
        if caller in by_name and name in by_name:
            waited = by_name[caller].duration_ms - by_name[caller].self_ms - by_name[name].duration_ms
            found.append(max(0.0, waited) / 1e3)
    return found


@cache
def cpu(world: World, name: str = "") -> list[float]:
    """CPU time of predictions, s."""
    used = [
        [stage.cpu_ms for stage in record.stages if stage.HasField("cpu_ms") and name in ("", stage.name)]
        for record in world.records
    ]
    return [sum(each) / 1e3 for each in used if each]


def runs(world: World, field: str) -> list[float]:
    """A number of the runs."""
    return [float(getattr(record.inference, field)) for record in world.records if record.HasField("inference")]


@cache
def data(world: World) -> list[QualityRecord]:
    """Records whose data was looked at."""
    return [record for record in world.records if record.HasField("data")]


def of_data(field: str) -> Callable[[World, str], list[float]]:
    """A number of images."""
    return lambda world, _: [float(getattr(record.data.image, field)) for record in images(world)]


def seconds(world: World, late: Callable[[QualityRecord], Any]) -> list[float]:
    """Seconds from the event to another time of each record."""
    return [(late(record).ToNanoseconds() - record.event_time.ToNanoseconds()) / 1e9 for record in world.records]


@cache
def delays(world: World) -> list[float]:
    """Of those with a truth that can be used."""
    kept = [record for record in world.records if known(World(world.spec, world.profile, [record]))]
    if world.spec.output.kind == "number":
        kept = [record for record in kept if numbers(World(world.spec, world.profile, [record]))[0]]
    return [(r.truth.observed_at.ToNanoseconds() - r.event_time.ToNanoseconds()) / 1e9 for r in kept]


DISTRIBUTIONS: Mapping[str, Callable[[World, str], list[float]]] = {
    "response_time": lambda w, of: (
        stages(w, of, "duration_ms") if of else [record.duration_ms / 1e3 for record in ended(w)]
    ),
    "stage_time": lambda w, of: stages(w, of, "self_ms"),
    "transit_time": transits,
    "queue_time": lambda w, _: [value / 1e3 for value in runs(w, "queue_ms")],
    "batch_time": lambda w, _: [value / 1e3 for value in runs(w, "batch_ms")],
    "compute_time": lambda w, _: [value / 1e3 for value in runs(w, "compute_ms")],
    "batch_size": lambda w, _: runs(w, "batch_size"),
    "freshness": lambda w, _: seconds(w, lambda record: record.started_at),
    "image_width": of_data("width"),
    "image_height": of_data("height"),
    "image_size": lambda w, _: [float(r.data.image.width * r.data.image.height) for r in images(w)],
    "brightness": of_data("brightness"),
    "contrast": of_data("contrast"),
    "sharpness": of_data("sharpness"),
    "input_value": lambda w, of: cells(w, of) if isinstance((cells(w, of) or [""])[0], int | float) else [],
    "distance": lambda w, _: [record.data.distance for record in data(w) if record.data.HasField("distance")],
    "confidence": lambda w, _: [one.confidence for one in answered(w) if one.label],
    "entropy": lambda w, _: [entropy for record in w.records for entropy in record.prediction.entropies],
    "prediction": lambda w, _: [value for record in w.records for value in record.prediction.values],
    "cpu_time": cpu,
    "price": lambda w, _: [used / 3600 * PRICE for used in cpu(w)],
    "label_delay": lambda w, _: delays(w),
}


def _share(part: float, whole: float) -> Number:
    return part / whole if whole else None


def _kinds(record: QualityRecord, kinds: set[str], column: str = "") -> int:
    return sum(v.count for v in record.data.violations if v.kind in kinds and column in ("", v.field))


def _violated(world: World, kinds: set[str]) -> int:
    return sum(bool(_kinds(record, kinds)) for record in data(world))


def _instances(world: World) -> int:
    return sum(record.data.instances for record in data(world))


def _errors(world: World, of: str) -> float:
    per_field = (
        Counter(v.field for v in r.data.violations for _ in range(v.count) if v.kind in SCHEMA) for r in data(world)
    )
    capped = [(r, counts) for r, counts in zip(data(world), per_field, strict=True)]
    return sum(min(n, r.data.instances) for r, counts in capped for name, n in counts.items() if of in ("", name))


def _out_of_range(world: World, of: str) -> Number:
    if not of:
        return _share(_violated(world, RANGES), len(data(world)))
    most = [
        max((v.count for v in r.data.violations if v.kind in RANGES and v.field == of), default=0) for r in data(world)
    ]
    return _share(sum(min(n, r.data.instances) for n, r in zip(most, data(world), strict=True)), _instances(world))


def _recorded(world: World) -> list[str]:
    return [name for name in world.context.columns if rows(world) and name in rows(world)[0]]


def _nulls(world: World, of: str) -> int:
    return sum(row[name] is None for row in rows(world) for name in ([of] if of else _recorded(world)))


def _values(world: World, of: str) -> int:
    return len(rows(world)) * (1 if of else len(_recorded(world)))


def _repeated(world: World) -> int:
    texts = [text for record in world.records for text in record.instances_json]
    return len(texts) - len(set(texts))


def _score(score: Callable[..., Any]) -> Callable[[World, str], Number]:
    def of_label(world: World, of: str) -> Number:
        truths, answers = labels(world)
        if not truths:
            return None
        if not of:
            return float(score(truths, answers, average="macro", zero_division=0))
        value = float(score(truths, answers, labels=[of], average=None, zero_division=np.nan)[0])
        return None if math.isnan(value) else value

    return of_label


def _of_events(score: Callable[[list[bool], list[float]], float]) -> Callable[[World, str], Number]:
    def of(world: World, _: str) -> Number:
        happened, scores = events(world) if world.spec.output.kind == "probability" else ([], [])
        return float(score(happened, scores)) if len(set(happened)) == 2 else None

    return of


def _of_numbers(score: Callable[[Any, Any], float]) -> Callable[[World, str], Number]:
    def of(world: World, _: str) -> Number:
        answers, truths = numbers(world) if world.spec.output.kind == "number" else ([], [])
        return float(score(truths, answers)) if truths else None

    return of


def _brier(world: World, _: str) -> Number:
    came, scores = {"probability": events, "classes": hits}[world.spec.output.kind](world) if known(world) else ([], [])
    return float(np.mean([(score - hit) ** 2 for hit, score in zip(came, scores, strict=True)])) if came else None


def _gaps(world: World) -> list[tuple[int, float]]:
    """Count and gap of each of 15 bins of confidence, each with its upper end."""
    right, confidences = hits(world)
    bins: dict[int, list[tuple[bool, float]]] = {}
    for hit, confidence in zip(right, confidences, strict=True):
        bins.setdefault(max(0, math.ceil(confidence * 15 - 1e-12) - 1), []).append((hit, confidence))
    return [(len(each), abs(sum(h for h, _ in each) - sum(c for _, c in each)) / len(each)) for each in bins.values()]


@cache
def _parts(world: World, of: str) -> tuple[list[float], list[int]] | None:
    """Shares of the training data and current counts: of categories, those under 1 % as one, or of ten parts."""
    profile = world.profile.answers.get("label") or world.profile.answers.get("value")
    reference = profile if of == "@prediction" else world.profile.columns.get(of)
    values = cells(world, of)
    if reference is None or not values:
        return None
    if isinstance(reference, CategoryProfile):
        common = sorted(name for name, share in reference.frequencies.items() if share >= 0.01)
        rare = {name: share for name, share in reference.frequencies.items() if share < 0.01}
        shares = [reference.frequencies[name] for name in common] + [sum(rare.values())]
        counts = [values.count(name) for name in common] + [sum(value in rare for value in values)]
        return [*shares, 0.0], [*counts, sum(value not in reference.frequencies for value in values)]
    trained = world.trained.get("value" if of == "@prediction" else of)
    if trained is None:
        raise LookupError(of)
    distinct = sorted(set(trained))
    if len(distinct) < 10:
        outside = [0.0, *[trained.count(value) / len(trained) for value in distinct], 0.0]
        below, above = sum(value < distinct[0] for value in values), sum(value > distinct[-1] for value in values)
        return outside, [below, *[values.count(value) for value in distinct], above]
    edges = [-np.inf, *np.quantile(trained, np.arange(0.1, 0.95, 0.1)), np.inf]
    return (np.histogram(trained, edges)[0] / len(trained)).tolist(), np.histogram(values, edges)[0].tolist()


def _divergence(score: Callable[[Any, Any, int], float]) -> Callable[[World, str], Number]:
    def of_column(world: World, of: str) -> Number:
        parts = _parts(world, of)
        if parts is None:
            return None
        shares, counts = np.array(parts[0]), np.array(parts[1])
        there = (shares > 0) | (counts > 0)
        return float(score(shares[there], counts[there] / counts.sum(), int(counts.sum())))

    return of_column


def _chi_squared(world: World, of: str) -> Any:
    parts = _parts(world, of)
    if parts is None:
        return None
    total = sum(parts[1])
    pairs = sorted((share * total, count) for share, count in zip(*parts, strict=True) if share or count)
    few = sum(expected < 5 for expected, _ in pairs)
    few += few > 0 and sum(expected for expected, _ in pairs[:few]) < 5
    joined = [*([np.sum(pairs[:few], axis=0).tolist()] if few else []), *pairs[few:]]
    if len(joined) < 2:
        return None
    return stats.chisquare([observed for _, observed in joined], [expected for expected, _ in joined])


def _psi(p: Any, q: Any, n: int) -> float:
    p, q = np.where(p == 0, 1e-4, p), np.where(q == 0, max(1e-4, 0.5 / n), q)
    return float(np.sum((q - p) * np.log(q / p)))


def _relative_entropy(p: Any, q: Any, n: int) -> float:
    return float(stats.entropy(np.where(p == 0, 1e-4, p), np.where(q == 0, max(1e-4, 0.5 / n), q)))


def _number_of(world: World, of: str) -> tuple[list[float], list[float]] | None:
    """Training and current values of a number."""
    trained, values = world.trained.get("value" if of == "@prediction" else of), cells(world, of)
    if trained is None and isinstance(world.profile.columns.get(of), NumberProfile):
        raise LookupError(of)
    return (trained, values) if trained is not None and values else None


def _of_samples(score: Callable[[Any, Any], float]) -> Callable[[World, str], Number]:
    def of_column(world: World, of: str) -> Number:
        both = _number_of(world, of)
        return None if both is None else float(score(*both))

    return of_column


def _outliers(world: World, of: str) -> Number:
    profile, values = world.profile.columns.get(of), cells(world, of)
    if not isinstance(profile, NumberProfile) or profile.iqr == 0:
        return None
    low, high = profile.quantiles[25] - 1.5 * profile.iqr, profile.quantiles[75] + 1.5 * profile.iqr
    return _share(sum(not low <= value <= high for value in values), len(values))


def _moment(moment: Callable[[Any], float]) -> Callable[[World, str], Number]:
    def of_column(world: World, of: str) -> Number:
        values = cells(world, of)
        return float(moment(values)) if values and isinstance(values[0], int | float) else None

    return of_column


def _statuses(world: World, which: Callable[[str], bool], counted: Callable[[str], bool] = lambda _: True) -> Number:
    of = [record.status for record in ended(world) if counted(record.status)]
    return _share(sum(map(which, of)), len(of))


def _is_service(status: str) -> bool:
    return status not in CLIENT


def _label_coverage(world: World, _: str) -> Number:
    told = numbers(world)[0] if world.spec.output.kind == "number" else known(world)
    return _share(len(told), len(answered(world)))


VALUES: Mapping[str, Callable[[World, str], Number]] = {
    "availability": lambda w, _: _statuses(w, lambda status: status not in ABSENT, _is_service),
    "reliability": lambda w, _: _statuses(w, lambda status: status == "OK", _is_service),
    "error_ratio": lambda w, of: _statuses(w, lambda status: status == of if of else status != "OK"),
    "deadline_misses": lambda w, _: _statuses(w, lambda status: status == "DEADLINE_EXCEEDED"),
    "throughput": lambda w, _: len(w.records) / SECONDS,
    "record_completeness": lambda w, _: _share(sum(r.complete for r in w.records), len(w.records)),
    "missing_stages": lambda w, of: _share(
        sum(of in r.missing_stages if of else not r.complete for r in w.records), len(w.records)
    ),
    "label_coverage": _label_coverage,
    "completeness": lambda w, _: 1 - sum(r.data.missing_ratio * r.data.instances for r in data(w)) / _instances(w),
    "validity": lambda w, _: 1 - _violated(w, SCHEMA) / len(data(w)),
    "total_valid": lambda w, _: len(data(w)) - _violated(w, SCHEMA),
    "null_count": lambda w, of: _nulls(w, of) if rows(w) else None,
    "total_none": lambda w, of: _nulls(w, of) if rows(w) else None,
    "none_ratio": lambda w, of: _share(_nulls(w, of), _values(w, of)) if rows(w) else None,
    "duplicate_ratio": lambda w, _: _share(_repeated(w), len(rows(w))),
    "total_duplicate": lambda w, _: _repeated(w) if rows(w) else None,
    "error_ratios": lambda w, of: (
        _share(_errors(w, of), _instances(w)) if of else _share(_violated(w, SCHEMA), len(data(w)))
    ),
    "total_errors": _errors,
    "out_of_range": _out_of_range,
    "color_mode": lambda w, of: _share(
        sum((r.data.image.mode if r.data.image.mode in ("L", "RGB") else "other") == of for r in images(w)),
        len(images(w)),
    ),
    "input_mean": _moment(np.mean),
    "input_variance": _moment(np.var),
    "outlier_ratio": _outliers,
    "prediction_share": lambda w, of: _share(sum(a.label == of for a in answered(w)), len(answered(w))),
    "accuracy": lambda w, _: _share(sum(hits(w)[0]), len(hits(w)[0])) if w.context.labels else None,
    "balanced_accuracy": lambda w, _: metrics.balanced_accuracy_score(*labels(w)) if w.context.labels else None,
    "precision": _score(metrics.precision_score),
    "recall": _score(metrics.recall_score),
    "f1": _score(metrics.f1_score),
    "auc": _of_events(metrics.roc_auc_score),
    "log_loss": _of_events(metrics.log_loss),
    "brier_score": _brier,
    "calibration_error": lambda w, _: _share(sum(n * gap for n, gap in _gaps(w)), sum(n for n, _ in _gaps(w))),
    "max_calibration_error": lambda w, _: max((gap for _, gap in _gaps(w)), default=None),
    "mse": _of_numbers(metrics.mean_squared_error),
    "rmse": _of_numbers(metrics.root_mean_squared_error),
    "mae": _of_numbers(metrics.mean_absolute_error),
    "mean_error": _of_numbers(lambda truths, answers: np.mean(np.subtract(answers, truths))),
    "r2": _of_numbers(metrics.r2_score),
    "psi": _divergence(_psi),
    "jensen_shannon": _divergence(lambda p, q, _: spatial.distance.jensenshannon(p, q, 2)),
    "kullback_leibler": _divergence(_relative_entropy),
    "hellinger": _divergence(lambda p, q, _: np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2)),
    "total_variation": _divergence(lambda p, q, _: np.abs(p - q).sum() / 2),
    "kolmogorov_smirnov": _of_samples(lambda a, b: stats.ks_2samp(a, b).statistic),
    "ks_p_value": _of_samples(lambda a, b: stats.ks_2samp(a, b, method="asymp").pvalue),
    "wasserstein": _of_samples(lambda a, b: stats.wasserstein_distance(a, b) / np.std(a)),
    "chi_squared": lambda w, of: (found := _chi_squared(w, of)) and float(found.statistic),
    "chi_squared_p_value": lambda w, of: (found := _chi_squared(w, of)) and float(found.pvalue),
}


def aggregated(values: list[float], aggregate: str) -> Number:
    """A number of a distribution; quantiles are of NumPy's method ``lower``."""
    if not values:
        return None
    if aggregate in ("mean", "sum", "min", "max"):
        return float(getattr(np, aggregate)(values))
    return float(np.quantile(values, int(aggregate[1:]) / 100, method="lower"))
