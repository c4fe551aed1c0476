"""Every attribute, span name and metric of our own, defined once.

``docs/attributes.md`` is generated from this module; nothing else spells these names.
"""

from dataclasses import dataclass
from typing import Literal

NAMESPACE = "hallmark"

STAGES = ("web", "preprocess", "inference")
"""The stages of a prediction in the order of the flow."""

CONSUMER_KEY = "hallmark-consumer"
"""Header and metadata key by which a client names itself while credentials are off."""

PREDICTION_ID_KEY = "hallmark-prediction-id"
"""Trailing metadata and response header: the prediction id."""

QUALITY_KEY = "hallmark-quality-bin"
"""Trailing metadata: a serialized ``hallmark.qoa.v1.QualitySummary``."""

ANONYMOUS = "anonymous"
"""The consumer of a request that names none."""

MAX_FACTS = 256
"""At most so many instances of one request leave their facts on a span."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: what its values are and where it is set."""

    name: str
    type: Literal["string", "string[]", "int", "double", "double[]", "boolean"]
    unit: str
    on: str
    description: str


REGISTRY: dict[str, Attribute] = {}
"""Every attribute by name."""


def _define(
    name: str,
    type_: Literal["string", "string[]", "int", "double", "double[]", "boolean"],
    on: str,
    description: str,
    unit: str = "",
) -> str:
    REGISTRY[name] = Attribute(name, type_, unit, on, description)
    return name


# Identity, on every span of a request. The first two also travel as baggage of the same name.
PREDICTION = _define(
    "hallmark.prediction", "string", "every span", "Prediction id, '<trace id>-<span id of the entry span>'."
)
CONSUMER = _define("hallmark.consumer", "string", "every span", "Who asked; set by web after authentication.")
STAGE = _define(
    "hallmark.stage",
    "string",
    "stage spans",
    "'web', 'preprocess' or 'inference': this span is that stage of the prediction.",
)
CALLS = _define("hallmark.calls", "string", "client spans", "The stage that this client span calls.")
STATUS = _define("hallmark.status", "string", "stage spans", "gRPC status name of the stage, e.g. 'OK'.")
REASON = _define(
    "hallmark.reason", "string", "stage spans", "Machine-readable reason of a failure, as in google.rpc.ErrorInfo."
)
CPU_MS = _define(
    "hallmark.cpu_ms",
    "double",
    "stage spans",
    "CPU time of the stage's process that the request used: what the process used while requests were under way, in "
    "equal parts to those.",
    "ms",
)
KEEP = _define(
    "hallmark.keep",
    "boolean",
    "stage spans",
    "True where the stage alone shows that the request breaks an objective of a contract: its trace is evidence, and "
    "sampling keeps it. Absent else.",
)
EVENT_TIME = _define(
    "hallmark.event_time",
    "int",
    "web and preprocess stage spans",
    "When the event that is predicted on happened.",
    "ns since 1970",
)

# Model.
MODEL = _define("hallmark.model.name", "string", "stage spans", "Name of the model that was asked.")
MODEL_VERSION = _define("hallmark.model.version", "string", "stage spans", "Version that answered.")
MODEL_VARIANT = _define("hallmark.model.variant", "string", "stage spans", "Variant under which the version is served.")

# Data, measured by preprocess.
DATA_INSTANCES = _define("hallmark.data.instances", "int", "preprocess stage span", "Instances in the request.", "1")
DATA_MISSING_RATIO = _define(
    "hallmark.data.missing_ratio", "double", "preprocess stage span", "Missing cells divided by all cells.", "1"
)
DATA_VIOLATIONS = _define(
    "hallmark.data.violations",
    "string[]",
    "preprocess stage span",
    "What departs from schema or reference, each '<kind>:<count>:<field>'.",
)
DATA_DISTANCE = _define(
    "hallmark.data.distance",
    "double",
    "preprocess stage span",
    "Mean distance from the reference profile.",
    "robust standard deviations",
)
DATA_VALUES = _define(
    "hallmark.data.values",
    "string[]",
    "preprocess stage span",
    f"Recorded columns of each instance as a JSON object, at most {MAX_FACTS}.",
)
IMAGE_WIDTH = _define("hallmark.data.image.width", "int", "preprocess stage span", "Width of the image as sent.", "px")
IMAGE_HEIGHT = _define(
    "hallmark.data.image.height", "int", "preprocess stage span", "Height of the image as sent.", "px"
)
IMAGE_MODE = _define("hallmark.data.image.mode", "string", "preprocess stage span", "Pillow mode of the image as sent.")
IMAGE_FORMAT = _define(
    "hallmark.data.image.format", "string", "preprocess stage span", "File format of the image as sent."
)
IMAGE_BRIGHTNESS = _define(
    "hallmark.data.image.brightness", "double", "preprocess stage span", "Mean luminance, 0 to 1.", "1"
)
IMAGE_CONTRAST = _define(
    "hallmark.data.image.contrast", "double", "preprocess stage span", "Standard deviation of luminance, 0 to 0.5.", "1"
)
IMAGE_SHARPNESS = _define(
    "hallmark.data.image.sharpness", "double", "preprocess stage span", "Variance of the Laplacian of luminance.", "1"
)

# Answer, measured by preprocess.
ANSWER_KIND = _define(
    "hallmark.answer.kind", "string", "preprocess stage span", "'classes', 'probability', 'number' or 'raw'."
)
ANSWER_COUNT = _define("hallmark.answer.count", "int", "preprocess stage span", "Instances answered.", "1")
ANSWER_LABELS = _define(
    "hallmark.answer.labels",
    "string[]",
    "preprocess stage span",
    f"Most likely label of each instance, at most {MAX_FACTS}.",
)
ANSWER_CONFIDENCES = _define(
    "hallmark.answer.confidences", "double[]", "preprocess stage span", "Score of that label.", "1"
)
ANSWER_ENTROPIES = _define(
    "hallmark.answer.entropies", "double[]", "preprocess stage span", "Shannon entropy of the scores.", "bit"
)
ANSWER_VALUES = _define(
    "hallmark.answer.values",
    "double[]",
    "preprocess stage span",
    "Value, probability of the positive label, or mean of raw outputs.",
)

# Run, measured by inference.
QUEUE_MS = _define(
    "hallmark.inference.queue_ms", "double", "inference stage span", "Time spent waiting for a free executor.", "ms"
)
BATCH_MS = _define(
    "hallmark.inference.batch_ms",
    "double",
    "inference stage span",
    "Time spent putting tensors together and taking them apart.",
    "ms",
)
COMPUTE_MS = _define(
    "hallmark.inference.compute_ms", "double", "inference stage span", "Time inside ONNX Runtime.", "ms"
)
BATCH_SIZE = _define(
    "hallmark.inference.batch_size",
    "int",
    "inference stage span",
    "Instances in the batch that the request was run in.",
    "1",
)

# Names of the spans that measure a part of a stage.
SPAN_DECODE = "decode"
SPAN_VALIDATE = "validate"
SPAN_TRANSFORM = "transform"
SPAN_ANSWER = "answer"
SPAN_QUEUE = "queue"
SPAN_BATCH = "batch"
SPAN_COMPUTE = "compute"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of our own: a counter, or a gauge where the description says so."""

    name: str
    unit: str
    by: str
    description: str


METRICS: dict[str, Metric] = {}
"""Every metric of our own by name; ``rpc.*.call.duration`` and ``http.server.request.duration`` are standard."""


def _count(name: str, unit: str, by: str, description: str) -> str:
    METRICS[name] = Metric(name, unit, by, description)
    return name


METRIC_SPANS = _count(
    "hallmark.telemetry.spans",
    "{span}",
    "outcome: made, sent, dropped; reason of a drop: queue_full, unsent, shutdown",
    "Spans of a process by what became of them.",
)
METRIC_QOA_SPANS = _count(
    "hallmark.qoa.spans",
    "{span}",
    "outcome: received, replayed, stored, duplicate, conflict, over_cap, skipped.<reason>, clipped.<reason>",
    "Spans that the engine received by what became of them.",
)
METRIC_QOA_WAITING_SPANS = _count(
    "hallmark.qoa.waiting_spans", "{span}", "", "Gauge: spans in the engine's memory that wait for others."
)
METRIC_QOA_BATCHES = _count(
    "hallmark.qoa.batches", "{batch}", "", "Gauge: batches delivered to the engine that are not acknowledged yet."
)
METRIC_QOA_RECORDS = _count(
    "hallmark.qoa.records",
    "{record}",
    "outcome: stored, of these incomplete; updated, unchanged, evicted, removed, failed",
    "Quality records by what became of them.",
)
METRIC_QOA_OTHER_SIGNALS = _count(
    "hallmark.qoa.other_signals",
    "{item}",
    "outcome: metrics, logs",
    "Metrics and log records that the engine accepted and keeps nowhere.",
)
METRIC_QOA_TRUTHS = _count(
    "hallmark.qoa.truths",
    "{truth}",
    "outcome: joined, waiting, repeated, corrected, superseded, expired, refused, failed (to be told again), removed "
    "(its prediction never came); source: grpc, amqp, empty of the removed",
    "Truths that the engine was told by what became of them.",
)
METRIC_QOA_EVENTS = _count(
    "hallmark.qoa.events",
    "{event}",
    "outcome: told, failed (tried again), given_up; sink: amqp, webhook",
    "Changes of verdicts by what became of them.",
)
METRIC_QOA_UNTOLD_EVENTS = _count(
    "hallmark.qoa.untold_events", "{event}", "", "Gauge: changes of verdicts that the engine has taken on to tell."
)
METRIC_QOA_WINDOWS = _count(
    "hallmark.qoa.windows",
    "{window}",
    "outcome: folded, judged, again (something changed while it was made)",
    "Windows by what was done with them; one that is made anew counts anew.",
)
METRIC_QOA_WINDOW_MARKS = _count(
    "hallmark.qoa.window_marks",
    "{mark}",
    "",
    "Gauge: windows in which something changed and that are to be folded or judged, those that are not over included; "
    "not counted beyond 10,000.",
)
METRIC_QOA_JUDGING_LAG = _count(
    "hallmark.qoa.judging_lag",
    "s",
    "",
    "Gauge: for how long the window that waits longest has been over by the clock with nothing coming for it; 0 where "
    "none waits.",
)
METRIC_QOA_JUDGEMENTS = _count(
    "hallmark.qoa.judgements",
    "{judgement}",
    "verdict: pass, violated, unknown",
    "Verdicts given; one of a window that is judged again counts again.",
)
_BY_OBJECTIVE = "contract, objective, severity; consumer as the contract names it, '*' for every one"
METRIC_QOA_VERDICT = _count(
    "hallmark.qoa.verdict",
    "{series}",
    f"{_BY_OBJECTIVE}; verdict: pass, violated, unknown",
    "Gauge: consumers and variants with this verdict in the latest window that was judged, 0 included.",
)
METRIC_QOA_VERDICT_AGE = _count(
    "hallmark.qoa.verdict_age",
    "s",
    _BY_OBJECTIVE,
    "Gauge: how long ago that window ended, in the time of events.",
)
METRIC_QOA_OBJECTIVE_VALUE = _count(
    "hallmark.qoa.objective_value",
    "",
    f"{_BY_OBJECTIVE}; figure, such as response_time.p95; unit",
    "Gauge: what was observed in that window, in the unit of the metric; the worst of consumers and variants.",
)
METRIC_QOA_OBJECTIVE_THRESHOLD = _count(
    "hallmark.qoa.objective_threshold",
    "",
    f"{_BY_OBJECTIVE}; figure, such as response_time.p95; unit",
    "Gauge: what it is compared to.",
)
METRIC_QOA_OBJECTIVE_WINDOW = _count(
    "hallmark.qoa.objective_window", "s", _BY_OBJECTIVE, "Gauge: the size of the windows that are judged."
)
METRIC_QOA_OBJECTIVE_COMPLETENESS = _count(
    "hallmark.qoa.objective_completeness",
    "1",
    _BY_OBJECTIVE,
    "Gauge: share of the records of that window that are complete; the least of consumers and variants.",
)
METRIC_QOA_OBJECTIVE_BURN_RATE = _count(
    "hallmark.qoa.objective_burn_rate",
    "",
    _BY_OBJECTIVE,
    "Gauge: how fast the error budget goes, 1 uses it up exactly; the highest of consumers and variants.",
)
METRIC_QOA_OBJECTIVE_BUDGET_LEFT = _count(
    "hallmark.qoa.objective_budget_left",
    "1",
    _BY_OBJECTIVE,
    "Gauge: share of the error budget of the period that is left, less than 0 where more than all of it has gone; the "
    "least of consumers and variants.",
)
METRIC_QOA_POLICY = _count(
    "hallmark.qoa.policy",
    "{policy}",
    "state: used, wrong",
    "Gauge: used is 1 unless no policy can judge; wrong is 1 where newer files are not used, or the last question had "
    "no answer.",
)
METRIC_QOA_CONTRACTS = _count(
    "hallmark.qoa.contracts",
    "{contract}",
    "state: used, broken",
    "Gauge: contracts that are judged by, and files that cannot be used.",
)
METRIC_AMQP_MESSAGES = _count(
    "hallmark.qoa.amqp.messages",
    "{message}",
    "outcome: received, redelivered, unrouted, acknowledged, dead_lettered.<reason>, postponed",
    "Messages that the engine took from RabbitMQ by what became of them.",
)
METRIC_AMQP_CONNECTIONS = _count(
    "hallmark.qoa.amqp.connections",
    "{connection}",
    "outcome: opened, failed, lost",
    "Connections of the engine to RabbitMQ by what became of them.",
)
METRIC_AMQP_CONNECTED = _count(
    "hallmark.qoa.amqp.connected", "1", "", "Gauge: 1 while the engine's connection to RabbitMQ is open, else 0."
)
METRIC_AMQP_QUEUES = _count(
    "hallmark.qoa.amqp.queues", "{queue}", "", "Gauge: queues that the engine is subscribed to at the moment."
)
