"""Every metric that windows are measured in and contracts are written about, defined once.

``docs/metrics.md`` is generated from this module. A metric is named as QoA4ML (Truong & Nguyen 2021, IEEE ICWS) names
it, where it does. A *figure* is one number of a window; its key is ``metric``, ``metric[of]``, ``metric.aggregate`` or
``metric[of].aggregate``, such as ``accuracy``, ``psi[carrier]``, ``response_time.p95``, ``stage_time[preprocess].p95``
and ``spread[accuracy by carrier].difference``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

CLIENT_FAULTS = (
    *("CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "UNAUTHENTICATED"),
    *("FAILED_PRECONDITION", "OUT_OF_RANGE"),
)
"""Statuses that the client is the reason of."""

ABSENCES = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
"""Statuses of a service that was not there for the request."""

Dimension = Literal["service", "data", "model", "drift", "fairness", "cost", "telemetry"]
Direction = Literal["lower", "higher", "none"]
Of = Literal["", "stage", "column", "label", "status", "mode", "figure"]

PLAIN_UNITS = frozenset(("", "1", "column", "currency"))
"""Units that are not written: none, or one that only the model's owner knows."""

BETTER_SIDE: Mapping[Direction, tuple[str, ...]] = {
    "lower": ("<", "<="),
    "higher": (">", ">="),
    "none": ("<", "<=", ">", ">="),
}
"""Operators that bound a metric to its better side, by its direction."""

ANSWERS = "@prediction"
"""Stands for the answers of a model where a metric of drift is of a column."""

BY = " by "
"""Between the key of a figure and the dimension of segments in what ``spread`` is of."""

_TIMES = ("p50", "p90", "p95", "p99", "mean", "max")
_VALUES = ("min", "p05", "p10", "p50", "p90", "p95", "mean", "max")
_TOTALS = ("mean", "sum")


@dataclass(frozen=True, slots=True)
class Metric:
    """What can be measured of a window."""

    name: str
    dimension: Dimension
    unit: str
    """``1`` for ratios and counts, ``column`` for that of the column or answer, ``column²`` for its square."""
    direction: Direction
    """Whether lower or higher is better."""
    aggregates: tuple[str, ...]
    """Which numbers are made of the samples, one of which a key names; empty where the metric is one value."""
    of: Of
    """What the metric is of a certain one of."""
    of_optional: bool
    """Whether it also is one of all together."""
    needs_truth: bool
    least: int
    """Samples below which a value should not be judged, where a contract does not say."""
    description: str
    formula: str
    source: str


CATALOGUE: dict[str, Metric] = {}
"""Every metric by name."""


def figure_key(metric: str, of: str = "", aggregate: str = "") -> str:
    """The key of a figure; the inverse of :func:`parse_key`."""
    return f"{metric}{f'[{of}]' if of else ''}{f'.{aggregate}' if aggregate else ''}"


def parse_key(key: str) -> tuple[str, str, str]:
    """Metric, what it is of and aggregate of a key; empty where the key has none.

    What it is of may hold brackets and dots itself. ValueError where the key is not written like one; whether there is
    such a metric is not looked at, see :func:`resolve`.
    """
    metric, bracket, rest = key.partition("[")
    if not bracket:
        metric, dot, aggregate = key.partition(".")
        of = ""
    else:
        of, closed, rest = rest.rpartition("]")
        dot, aggregate = rest[:1], rest[1:]
        if not closed or not of or dot not in ("", "."):
            raise ValueError(f"{key!r} is no key of a figure; write metric, metric[of], or either with .aggregate")
    if not metric or (dot and not aggregate):
        raise ValueError(f"{key!r} is no key of a figure; write metric, metric[of], or either with .aggregate")
    return metric, of, aggregate


def resolve(key: str) -> tuple[Metric, str, str]:
    """As :func:`parse_key`, with the metric itself; ValueError where the catalogue has no such figure.

    Whether a model has the column, label or dimension that it is of is not looked at.
    """
    name, of, aggregate = parse_key(key)
    metric = CATALOGUE.get(name)
    if metric is None:
        raise ValueError(f"{key}: there is no metric {name!r}; see docs/metrics.md")
    if of and not metric.of:
        raise ValueError(f"{key}: {name} is of nothing in particular; leave [{of}] out")
    if not of and metric.of and not metric.of_optional:
        raise ValueError(f"{key}: {name} is of a certain {metric.of}; write {name}[{metric.of}]")
    if aggregate not in (metric.aggregates or ("",)):
        wanted = f"one of {', '.join(metric.aggregates)}" if metric.aggregates else "none, it is one value"
        raise ValueError(f"{key}: the aggregate is {aggregate!r}; expected {wanted}")
    return metric, of, aggregate


def split_spread(of: str) -> tuple[str, str]:
    """Key of the figure and dimension of segments that ``spread`` is of; ValueError where it is not ``KEY by NAME``."""
    key, by, dimension = of.rpartition(BY)
    if not by or not key or not dimension:
        raise ValueError(f"spread[{of}]: write spread[KEY{BY}DIMENSION], such as spread[accuracy{BY}carrier]")
    return key, dimension


def _define(
    dimension: Dimension,
    name: str,
    *,
    about: str,
    formula: str,
    source: str = "",
    unit: str = "1",
    direction: Direction = "lower",
    aggregates: tuple[str, ...] = (),
    of: Of = "",
    of_optional: bool = False,
    needs_truth: bool = False,
    least: int = 20,
) -> None:
    CATALOGUE[name] = Metric(
        name, dimension, unit, direction, aggregates, of, of_optional, needs_truth, least, about, formula, source
    )


_service = partial(_define, "service")
_data = partial(_define, "data")
_model = partial(_define, "model")
_drift = partial(_define, "drift")
_fairness = partial(_define, "fairness")
_cost = partial(_define, "cost")
_telemetry = partial(_define, "telemetry")

_SKETCH = "DDSketch: Masson et al. 2019, PVLDB 12(12)"
_GRPC = "gRPC status codes; QoA4ML"

# fmt: off

# Service: how requests were answered. Only requests whose entry span is known are counted.
_service("response_time", unit="s", aggregates=_TIMES, of="stage", of_optional=True,
    about="How long the service took to answer, seen where the request entered; of a stage: from the start to the "
          "end of that stage, with what it waited for.",
    formula="duration of the entry span; of a stage, of its span",
    source=f"QoA4ML. {_SKETCH}")
_service("stage_time", unit="s", aggregates=_TIMES, of="stage",
    about="Time spent in one stage itself.",
    formula="duration of the stage's span − the union of its calls to the next stage",
    source=_SKETCH)
_service("transit_time", unit="s", aggregates=_TIMES, of="stage",
    about="What the caller of a stage waited beyond the stage's own span: network, and waiting to be accepted.",
    formula="max(0, (caller's duration − caller's own time) − stage's duration)",
    source=_SKETCH)
_service("queue_time", unit="s", aggregates=_TIMES,
    about="Waiting for a free executor in inference.",
    formula="queue_ms / 1000",
    source=_SKETCH)
_service("batch_time", unit="s", aggregates=_TIMES,
    about="Putting tensors together before a run and taking them apart after it.",
    formula="batch_ms / 1000",
    source=_SKETCH)
_service("compute_time", unit="s", aggregates=_TIMES,
    about="Time inside ONNX Runtime.",
    formula="compute_ms / 1000",
    source=_SKETCH)
_service("batch_size", direction="none", aggregates=_VALUES,
    about="Instances in the batch that a request was run in.",
    formula="batch_size",
    source=_SKETCH)
_service("availability", direction="higher",
    about="Share of requests for which the service was there: neither refused nor left without an answer. Requests "
          "that failed by a fault of the client do not count.",
    formula=f"1 − ({' + '.join(ABSENCES)}) / (all − client faults); client faults are {', '.join(CLIENT_FAULTS)}",
    source=_GRPC)
_service("reliability", direction="higher",
    about="Share of requests that were answered without a fault of the service. Requests that failed by a fault of "
          "the client do not count.",
    formula="OK / (all − client faults), client faults as for availability",
    source=_GRPC)
_service("error_ratio", of="status", of_optional=True,
    about="Share of requests that ended with a status; without one, that did not end OK.",
    formula="requests with the status / all",
    source="gRPC status codes")
_service("deadline_misses",
    about="Share of requests that ended with DEADLINE_EXCEEDED.",
    formula="DEADLINE_EXCEEDED / all",
    source="gRPC status codes")
_service("throughput", unit="1/s", direction="higher", least=1,
    about="Requests a second.",
    formula="records / seconds of the window")

# Data: what came with the requests.
_data("completeness", direction="higher",
    about="Share of cells that are there.",
    formula="1 − missing cells / cells",
    source="QoA4ML; ISO/IEC 25012")
_data("validity", direction="higher",
    about="Share of requests whose data is as the model's schema declares.",
    formula="1 − requests with a violation of kind missing, type, range, category or size / requests",
    source="ISO/IEC 25012 (accuracy, syntactic)")
_data("null_count", of="column", of_optional=True, least=1,
    about="Missing values in the recorded instances.",
    formula="values that are null",
    source="QoA4ML")
_data("none_ratio", of="column", of_optional=True,
    about="Share of missing values in the recorded instances.",
    formula="values that are null / values",
    source="QoA4ML")
_data("duplicate_ratio",
    about="Share of recorded instances that repeat another one of the window.",
    formula="1 − different instances / instances",
    source="QoA4ML. Exact up to 2,048 different instances, beyond from the 2,048 smallest hashes (Bar-Yossef et al. "
           "2002, RANDOM, LNCS 2483), error four standard deviations")
_data("error_ratios", of="column", of_optional=True,
    about="Share of instances in which a column violates the schema; without one, of requests with any violation.",
    formula="instances with a violation of kind missing, type, range, category or size / instances",
    source="QoA4ML")
_data("total_errors", of="column", of_optional=True, least=1,
    about="Violations of the schema.",
    formula="values that violate it",
    source="QoA4ML")
_data("total_valid", direction="higher", least=1,
    about="Requests whose data is as the schema declares.",
    formula="validity × requests",
    source="QoA4ML")
_data("total_none", least=1,
    about="Missing values in the recorded instances.",
    formula="values that are null",
    source="QoA4ML")
_data("total_duplicate", least=1,
    about="Recorded instances that repeat another one of the window.",
    formula="duplicate_ratio × instances",
    source="QoA4ML")
_data("out_of_range", of="column", of_optional=True,
    about="Share of instances with a number outside what the schema declares or the training data held; without a "
          "column, of requests with any.",
    formula="instances with a violation of kind range or reference_range / instances")
_data("image_width", unit="px", direction="none", aggregates=_VALUES,
    about="Width of images as sent.",
    formula="width",
    source=_SKETCH)
_data("image_height", unit="px", direction="none", aggregates=_VALUES,
    about="Height of images as sent.",
    formula="height",
    source=_SKETCH)
_data("image_size", unit="px", direction="none", aggregates=_VALUES,
    about="Pixels of images as sent.",
    formula="width × height",
    source=f"QoA4ML. {_SKETCH}")
_data("color_mode", direction="none", of="mode",
    about="Share of images in a mode of Pillow, such as RGB.",
    formula="images / all images",
    source="QoA4ML")
_data("brightness", direction="none", aggregates=_VALUES,
    about="Mean luminance of an image, 0 to 1.",
    formula="mean(luma)",
    source=f"ITU-R BT.601-2. {_SKETCH}")
_data("contrast", direction="none", aggregates=_VALUES,
    about="Standard deviation of luminance of an image, 0 to 0.5.",
    formula="std(luma)",
    source=f"Peli 1990, J. Opt. Soc. Am. A 7(10), eq. 3. {_SKETCH}")
_data("sharpness", direction="higher", aggregates=_VALUES,
    about="Variance of the Laplacian of an image; near 0 is blurred.",
    formula="var(∇² luma)",
    source=f"Pertuz et al. 2013, Pattern Recognition 46(5). {_SKETCH}")
_data("freshness", unit="s", aggregates=_TIMES,
    about="How old an event was when its request came.",
    formula="started_at − event_time",
    source=f"ISO/IEC 25012 (currentness). {_SKETCH}")
_data("input_mean", unit="column", direction="none", of="column",
    about="Mean of a number column.",
    formula="Σx / n")
_data("input_variance", unit="column²", direction="none", of="column",
    about="Variance of a number column, of the values as a population.",
    formula="Σx²/n − (Σx/n)²")
_data("input_value", unit="column", direction="none", aggregates=_VALUES, of="column",
    about="Values of a number column.",
    formula="x",
    source=_SKETCH)
_data("outlier_ratio", of="column",
    about="Share of values of a number column beyond Tukey's fences around the training data.",
    formula="values below Q1 − 1.5 IQR or above Q3 + 1.5 IQR / values",
    source="Tukey 1977, Exploratory Data Analysis, ch. 2")
_data("distance", unit="robust std", aggregates=_VALUES,
    about="How far a request is from what the model was trained on.",
    formula="mean over columns of |x − median| / (IQR / 1.349), of surprisal beyond entropy for categories",
    source=f"Rousseeuw & Croux 1993, J. Am. Stat. Assoc. 88(424). {_SKETCH}")

# Model: what it answered, and whether that was right.
_model("confidence", direction="higher", aggregates=_VALUES,
    about="Score of the answered label.",
    formula="score of the label",
    source=_SKETCH)
_model("entropy", unit="bit", aggregates=_VALUES,
    about="How undecided the scores of an answer are.",
    formula="−Σ p log₂ p",
    source=f"Shannon 1948, Bell Syst. Tech. J. 27, section 6. {_SKETCH}")
_model("prediction_share", direction="none", of="label",
    about="Share of answers with a label.",
    formula="answers with the label / answers")
_model("prediction", unit="column", direction="none", aggregates=_VALUES,
    about="Answered numbers, probabilities of the event, or means of raw outputs.",
    formula="value",
    source=_SKETCH)
_TRUE = "n: answers whose truth is known"
_model("accuracy", direction="higher", needs_truth=True, least=30,
    about="Share of answers with the right label.",
    formula=f"right answers / n; {_TRUE}",
    source="QoA4ML; scikit-learn accuracy_score")
_model("balanced_accuracy", direction="higher", needs_truth=True, least=50,
    about="Recall, averaged over the labels that truly occur.",
    formula="mean over true labels of recall",
    source="scikit-learn balanced_accuracy_score")
_model("precision", direction="higher", of="label", of_optional=True, needs_truth=True, least=30,
    about="Of the answers with a label, the share that is right; without a label, the mean over labels (macro).",
    formula="TP / (TP + FP)",
    source="QoA4ML; scikit-learn precision_score")
_model("recall", direction="higher", of="label", of_optional=True, needs_truth=True, least=30,
    about="Of what truly has a label, the share that was answered so; without a label, the mean over labels (macro).",
    formula="TP / (TP + FN)",
    source="QoA4ML; scikit-learn recall_score")
_model("f1", direction="higher", of="label", of_optional=True, needs_truth=True, least=30,
    about="Harmonic mean of precision and recall; without a label, the mean over labels (macro).",
    formula="2 TP / (2 TP + FP + FN)",
    source="scikit-learn f1_score")
_model("auc", direction="higher", needs_truth=True, least=50,
    about="How probable it is that an event scores higher than its absence; of answers that are a probability.",
    formula="area under the ROC curve, of scores rounded to 1/1000",
    source="QoA4ML; scikit-learn roc_auc_score; error: half of the pairs in one bin")
_model("log_loss", unit="nat", needs_truth=True, least=30,
    about="Negative log-likelihood of the truth; of answers that are a probability.",
    formula="−mean(y ln p + (1 − y) ln(1 − p)), p clipped to 2⁻⁵² … 1 − 2⁻⁵²",
    source="scikit-learn log_loss")
_model("brier_score", needs_truth=True, least=30,
    about="Mean squared error of the probability of the event; of several classes, of the confidence in the answered "
          "one.",
    formula="mean((p − y)²)",
    source="Brier 1950, Mon. Weather Rev. 78(1)")
_model("calibration_error", needs_truth=True, least=100,
    about="How far confidence is from the share of right answers, on average.",
    formula="Σ over 15 equal bins of confidence |right − Σ confidence| / n",
    source="Guo et al. 2017, ICML, eq. 5 (ECE)")
_model("max_calibration_error", needs_truth=True, least=200,
    about="The same in the worst bin of confidence.",
    formula="max over 15 equal bins of |right − Σ confidence| / answers of the bin",
    source="Guo et al. 2017, ICML, eq. 6 (MCE)")
_model("mse", unit="column²", needs_truth=True,
    about="Mean squared error of answered numbers.",
    formula="mean((answer − truth)²)",
    source="QoA4ML; scikit-learn mean_squared_error")
_model("rmse", unit="column", needs_truth=True,
    about="Root of the mean squared error of answered numbers.",
    formula="√mse",
    source="scikit-learn root_mean_squared_error")
_model("mae", unit="column", needs_truth=True,
    about="Mean absolute error of answered numbers.",
    formula="mean(|answer − truth|)",
    source="scikit-learn mean_absolute_error")
_model("mean_error", unit="column", direction="none", needs_truth=True,
    about="Mean error of answered numbers: above 0 where answers are too high.",
    formula="mean(answer − truth)")
_model("r2", direction="higher", needs_truth=True, least=30,
    about="Share of the variance of the truth that answers explain.",
    formula="1 − Σ(answer − truth)² / Σ(truth − mean(truth))²",
    source="scikit-learn r2_score")

# Drift: how the distribution of a column, or of the answers, differs from that of the training data.
_PARTS = "Numbers in the tenths of the training data, categories as they are, those with less than 1 % of it as one"
_drift("psi", of="column", least=200,
    about=f"Population stability index. {_PARTS}; below 0.1 is stable, above 0.25 another population.",
    formula="Σ (p − q) ln(p / q)",
    source="Siddiqi 2006, Credit Risk Scorecards; Evidently")
_drift("jensen_shannon", of="column", least=200,
    about=f"Jensen–Shannon distance, 0 to 1. {_PARTS}.",
    formula="√(½ KL(p‖m) + ½ KL(q‖m)), m = ½(p + q), base 2",
    source="Endres & Schindelin 2003, IEEE Trans. Inf. Theory 49(7); scipy jensenshannon")
_drift("kullback_leibler", unit="nat", of="column", least=200,
    about=f"Kullback–Leibler divergence. {_PARTS}.",
    formula="Σ q ln(q / p)",
    source="Kullback & Leibler 1951, Ann. Math. Stat. 22(1)")
_drift("hellinger", of="column", least=200,
    about=f"Hellinger distance, 0 to 1. {_PARTS}.",
    formula="√(½ Σ (√p − √q)²)",
    source="Hellinger 1909, J. reine angew. Math. 136")
_drift("total_variation", of="column", least=200,
    about=f"Total variation distance, 0 to 1. {_PARTS}.",
    formula="½ Σ |p − q|",
    source="Levin et al. 2009, Markov Chains and Mixing Times, ch. 4")
_drift("kolmogorov_smirnov", of="column", least=50,
    about="Greatest distance of the two cumulative distributions of a number.",
    formula="sup |F − G|",
    source="Kolmogorov–Smirnov; scipy ks_2samp. Of the hundredths of the training data")
_drift("ks_p_value", direction="higher", of="column", least=50,
    about="How probable such a distance is where nothing drifts.",
    formula="Q(√(nm / (n + m)) D)",
    source="Smirnov 1948, Ann. Math. Stat. 19(2); scipy ks_2samp, method asymp")
_drift("wasserstein", unit="std", of="column", least=50,
    about="How far the values of a number have moved on average, in standard deviations of the training data.",
    formula="∫ |F − G| dx / std",
    source="Vaserstein 1969; scipy wasserstein_distance; Evidently (normed)")
_drift("chi_squared", direction="none", of="column", least=50,
    about="Pearson's chi-squared statistic, of categories; those with less than 1 % of the training data count as one. "
          "Grows with the number of samples.",
    formula="Σ (observed − expected)² / expected",
    source="Pearson 1900, Phil. Mag. 50(302)")
_drift("chi_squared_p_value", direction="higher", of="column", least=50,
    about="How probable such a statistic is where nothing drifts; of categories.",
    formula="upper tail of χ²",
    source="Pearson 1900, Phil. Mag. 50(302); scipy chisquare")

# Fairness.
_fairness("spread", direction="none", aggregates=("difference", "ratio"), of="figure",
    about="How much a figure differs over the segments of a dimension: the difference of the highest and the lowest, "
          "in the figure's unit, or the lowest divided by the highest. Segments with fewer samples than the metric's "
          "least, and `other`, are left out. Of `prediction_share[label]` it is demographic parity, of "
          "`recall[label]` equal opportunity.",
    formula="max − min; min / max",
    source="Hardt et al. 2016, NeurIPS; fairlearn")

# Cost.
_cost("cpu_time", unit="s", aggregates=("mean", "sum", "p50", "p95", "max"), of="stage", of_optional=True,
    about="CPU time that a prediction used, all stages together or one.",
    formula="what each process used while requests were under way, shared equally among those",
    source=_SKETCH)
_cost("price", unit="currency", aggregates=_TOTALS,
    about="What that CPU time costs.",
    formula="cpu_time / 3600 × price of a CPU hour",
    source="HALLMARK_QOA_CPU_HOUR_PRICE")

# Telemetry: how much is known.
_telemetry("record_completeness", direction="higher", least=1,
    about="Share of records in which every stage has reported.",
    formula="complete records / records")
_telemetry("missing_stages", of="stage", of_optional=True, least=1,
    about="Share of records in which a stage that should have reported has not; without one, in which any has not.",
    formula="records that lack it / records")
_telemetry("label_coverage", direction="higher", least=1,
    about="Share of answers whose truth is known.",
    formula="answers with a truth / answers")
_telemetry("label_delay", unit="s", aggregates=_TIMES,
    about="How long after the event its truth became known.",
    formula="observed_at − event_time",
    source=_SKETCH)
# fmt: on


def by_dimension() -> Mapping[Dimension, tuple[Metric, ...]]:
    """Metrics in the order of their definition."""
    found: dict[Dimension, tuple[Metric, ...]] = {}
    for metric in CATALOGUE.values():
        found[metric.dimension] = (*found.get(metric.dimension, ()), metric)
    return found
