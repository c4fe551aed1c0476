"""Answers of the REST API as documented at /docs."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Documented(BaseModel):
    """Base of every documented answer: what it lists is all there is."""

    model_config = ConfigDict(extra="forbid")


class ModelName(Documented):
    """Which model answered."""

    name: str
    version: str
    variant: str


class Step(Documented):
    """One measured part of a stage."""

    name: str
    start_ms: float = Field(description="From the start of the record.")
    duration_ms: float


class Stage(Documented):
    """One service that the prediction went through."""

    name: str = Field(description='"web", "preprocess" or "inference".')
    start_ms: float = Field(description="From the start of the record.")
    duration_ms: float
    self_ms: float = Field(description="Without the calls of the next stage.")
    status: str = Field(description="gRPC status name.")
    span_id: str = Field(description="Empty in a summary.")
    steps: list[Step]
    cpu_ms: float | None = Field(
        None, description="CPU time of its process that the request used; absent in a summary and where not measured."
    )


class Quality(Documented):
    """Quality of the prediction as known when the answer left."""

    stages: list[Stage]
    data: dict[str, Any] | None = Field(
        description="instances, missing_ratio, violations [{field, kind, count}], distance from the reference profile, "
        "image {width, height, mode, format, brightness, contrast, sharpness}."
    )
    prediction: dict[str, Any] | None = Field(description="kind, count, label, confidence, entropy, value.")
    inference: dict[str, Any] | None = Field(description="queue_ms, batch_ms, compute_ms, batch_size.")


class PredictAnswer(Documented):
    """The answer to one request."""

    prediction: dict[str, Any] | list[dict[str, Any]] = Field(
        description="By the model's kind of output: classes {label, confidence, scores [{label, score}]}, probability "
        "{label, probability, positive, event}, number {value, unit}, raw {outputs [{name, datatype, shape, data}]}. "
        "A list where several instances were sent, but for raw."
    )
    prediction_id: str = Field(description="Key of the quality record: see /v1/records/{prediction_id}.")
    trace_id: str
    model: ModelName
    quality: Quality


class ErrorDetail(Documented):
    """What went wrong, for people and for programs."""

    code: str = Field(description="gRPC status name.")
    reason: str = Field(description="Machine-readable reason, as in google.rpc.ErrorInfo of domain hallmark.")
    message: str = Field(description="One line for people.")
    field: str = Field(description="Which field or column; empty where none is to blame.")
    expected: str
    got: str


class ErrorAnswer(Documented):
    """The body of every failure."""

    error: ErrorDetail
    prediction_id: str = Field(description="A failed prediction has a record too; empty where it was none.")
    trace_id: str


class ModelsAnswer(Documented):
    """What models there are, in order of name."""

    models: list[dict[str, Any]] = Field(
        description="name, title, description, default_version, versions, variant, input_kind, output_kind, columns, "
        "labels, tensors, example_json: fields of hallmark.preprocess.v1.ModelDescription."
    )


class RecordAnswer(Documented):
    """A quality record: what happened to one prediction."""

    model_config = ConfigDict(extra="allow")

    prediction_id: str
    trace_id: str
    consumer: str
    model: str
    version: str
    variant: str
    started_at: str | None
    duration_ms: float | None = Field(description="Null while the entry span is missing.")
    status: str
    complete: bool
    missing_stages: list[str]
    stages: list[Stage]
    data: dict[str, Any] | None
    prediction: dict[str, Any] | None
    truth: dict[str, Any] | None
    verdicts: list[dict[str, Any]]


class RecordsAnswer(Documented):
    """A page of records, newest first."""

    records: list[RecordAnswer]
    next_page_token: str = Field(description="Empty on the last page.")


class TruthAnswer(Documented):
    """What became of one truth."""

    prediction_id: str = Field(description="As it was told.")
    outcome: str = Field(
        description='"joined", "waiting" (no such prediction yet), "repeated" (known already), "corrected" (holds '
        'instead of another), "superseded" (another holds), "expired" (too old to be corrected) or "refused".'
    )
    reason: str | None = Field(description="Why it was refused.")


class FeedbackAnswer(Documented):
    """What became of truths, in their order."""

    outcomes: list[TruthAnswer]


class HealthAnswer(Documented):
    """The process is alive; what became of its spans."""

    status: Literal["alive"]
    telemetry: dict[str, Any] = Field(description="made, sent, waiting; dropped by reason.")


class ReadyAnswer(Documented):
    """Whether predictions can be made, and which service says what."""

    ready: bool
    services: dict[str, str] = Field(description="Health of each service behind web.")
