import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Model(_message.Message):
    __slots__ = ("name", "version", "variant")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    variant: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., variant: _Optional[str] = ...) -> None: ...

class Stage(_message.Message):
    __slots__ = ("name", "duration_ms", "self_ms", "start_ms", "status", "span_id", "steps", "cpu_ms")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    SELF_MS_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CPU_MS_FIELD_NUMBER: _ClassVar[int]
    name: str
    duration_ms: float
    self_ms: float
    start_ms: float
    status: str
    span_id: str
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    cpu_ms: float
    def __init__(self, name: _Optional[str] = ..., duration_ms: _Optional[float] = ..., self_ms: _Optional[float] = ..., start_ms: _Optional[float] = ..., status: _Optional[str] = ..., span_id: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., cpu_ms: _Optional[float] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("name", "start_ms", "duration_ms")
    NAME_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    name: str
    start_ms: float
    duration_ms: float
    def __init__(self, name: _Optional[str] = ..., start_ms: _Optional[float] = ..., duration_ms: _Optional[float] = ...) -> None: ...

class DataQuality(_message.Message):
    __slots__ = ("instances", "missing_ratio", "violations", "distance", "image")
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    MISSING_RATIO_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    instances: int
    missing_ratio: float
    violations: _containers.RepeatedCompositeFieldContainer[Violation]
    distance: float
    image: ImageQuality
    def __init__(self, instances: _Optional[int] = ..., missing_ratio: _Optional[float] = ..., violations: _Optional[_Iterable[_Union[Violation, _Mapping]]] = ..., distance: _Optional[float] = ..., image: _Optional[_Union[ImageQuality, _Mapping]] = ...) -> None: ...

class Violation(_message.Message):
    __slots__ = ("field", "kind", "count")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    field: str
    kind: str
    count: int
    def __init__(self, field: _Optional[str] = ..., kind: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class ImageQuality(_message.Message):
    __slots__ = ("width", "height", "mode", "format", "brightness", "contrast", "sharpness")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    SHARPNESS_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    mode: str
    format: str
    brightness: float
    contrast: float
    sharpness: float
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., mode: _Optional[str] = ..., format: _Optional[str] = ..., brightness: _Optional[float] = ..., contrast: _Optional[float] = ..., sharpness: _Optional[float] = ...) -> None: ...

class PredictionFacts(_message.Message):
    __slots__ = ("kind", "count", "labels", "confidences", "entropies", "values")
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCES_FIELD_NUMBER: _ClassVar[int]
    ENTROPIES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    kind: str
    count: int
    labels: _containers.RepeatedScalarFieldContainer[str]
    confidences: _containers.RepeatedScalarFieldContainer[float]
    entropies: _containers.RepeatedScalarFieldContainer[float]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, kind: _Optional[str] = ..., count: _Optional[int] = ..., labels: _Optional[_Iterable[str]] = ..., confidences: _Optional[_Iterable[float]] = ..., entropies: _Optional[_Iterable[float]] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class InferenceFacts(_message.Message):
    __slots__ = ("queue_ms", "batch_ms", "compute_ms", "batch_size")
    QUEUE_MS_FIELD_NUMBER: _ClassVar[int]
    BATCH_MS_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_MS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    queue_ms: float
    batch_ms: float
    compute_ms: float
    batch_size: int
    def __init__(self, queue_ms: _Optional[float] = ..., batch_ms: _Optional[float] = ..., compute_ms: _Optional[float] = ..., batch_size: _Optional[int] = ...) -> None: ...

class QualitySummary(_message.Message):
    __slots__ = ("prediction_id", "trace_id", "model", "stages", "data", "prediction", "inference")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    trace_id: str
    model: Model
    stages: _containers.RepeatedCompositeFieldContainer[Stage]
    data: DataQuality
    prediction: PredictionFacts
    inference: InferenceFacts
    def __init__(self, prediction_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., model: _Optional[_Union[Model, _Mapping]] = ..., stages: _Optional[_Iterable[_Union[Stage, _Mapping]]] = ..., data: _Optional[_Union[DataQuality, _Mapping]] = ..., prediction: _Optional[_Union[PredictionFacts, _Mapping]] = ..., inference: _Optional[_Union[InferenceFacts, _Mapping]] = ...) -> None: ...

class QualityRecord(_message.Message):
    __slots__ = ("prediction_id", "trace_id", "consumer", "model", "event_time", "started_at", "duration_ms", "status", "reason", "complete", "missing_stages", "stages", "data", "prediction", "inference", "truth", "verdicts", "entry_stage", "instances_json")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    MISSING_STAGES_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_FIELD_NUMBER: _ClassVar[int]
    TRUTH_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_STAGE_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_JSON_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    trace_id: str
    consumer: str
    model: Model
    event_time: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    duration_ms: float
    status: str
    reason: str
    complete: bool
    missing_stages: _containers.RepeatedScalarFieldContainer[str]
    stages: _containers.RepeatedCompositeFieldContainer[Stage]
    data: DataQuality
    prediction: PredictionFacts
    inference: InferenceFacts
    truth: Truth
    verdicts: _containers.RepeatedCompositeFieldContainer[Verdict]
    entry_stage: str
    instances_json: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, prediction_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., consumer: _Optional[str] = ..., model: _Optional[_Union[Model, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration_ms: _Optional[float] = ..., status: _Optional[str] = ..., reason: _Optional[str] = ..., complete: _Optional[bool] = ..., missing_stages: _Optional[_Iterable[str]] = ..., stages: _Optional[_Iterable[_Union[Stage, _Mapping]]] = ..., data: _Optional[_Union[DataQuality, _Mapping]] = ..., prediction: _Optional[_Union[PredictionFacts, _Mapping]] = ..., inference: _Optional[_Union[InferenceFacts, _Mapping]] = ..., truth: _Optional[_Union[Truth, _Mapping]] = ..., verdicts: _Optional[_Iterable[_Union[Verdict, _Mapping]]] = ..., entry_stage: _Optional[str] = ..., instances_json: _Optional[_Iterable[str]] = ...) -> None: ...

class Truth(_message.Message):
    __slots__ = ("value", "observed_at")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    value: str
    observed_at: _timestamp_pb2.Timestamp
    def __init__(self, value: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("contract", "rule", "verdict", "stage", "window_s", "reasons")
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_S_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    contract: str
    rule: str
    verdict: str
    stage: str
    window_s: int
    reasons: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, contract: _Optional[str] = ..., rule: _Optional[str] = ..., verdict: _Optional[str] = ..., stage: _Optional[str] = ..., window_s: _Optional[int] = ..., reasons: _Optional[_Iterable[str]] = ...) -> None: ...
