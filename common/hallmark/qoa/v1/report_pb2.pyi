import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Evidence(_message.Message):
    __slots__ = ("prediction_id", "trace_id", "span_id", "stage", "observed", "started_at", "detail")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    trace_id: str
    span_id: str
    stage: str
    observed: float
    started_at: _timestamp_pb2.Timestamp
    detail: str
    def __init__(self, prediction_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., span_id: _Optional[str] = ..., stage: _Optional[str] = ..., observed: _Optional[float] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class Blame(_message.Message):
    __slots__ = ("kind", "name", "detail", "stage")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    detail: str
    stage: str
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., detail: _Optional[str] = ..., stage: _Optional[str] = ...) -> None: ...

class Budget(_message.Message):
    __slots__ = ("target", "period_s", "windows", "violated", "burn_rate")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PERIOD_S_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    VIOLATED_FIELD_NUMBER: _ClassVar[int]
    BURN_RATE_FIELD_NUMBER: _ClassVar[int]
    target: float
    period_s: float
    windows: int
    violated: int
    burn_rate: float
    def __init__(self, target: _Optional[float] = ..., period_s: _Optional[float] = ..., windows: _Optional[int] = ..., violated: _Optional[int] = ..., burn_rate: _Optional[float] = ...) -> None: ...

class WindowVerdict(_message.Message):
    __slots__ = ("contract", "contract_version", "objective", "severity", "consumer", "model", "variant", "segment", "window_s", "start", "verdict", "reasons", "figure", "operator", "threshold", "observed", "count", "completeness", "blame", "evidence", "budget", "unit", "bad")
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_VERSION_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_S_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPLETENESS_FIELD_NUMBER: _ClassVar[int]
    BLAME_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    BAD_FIELD_NUMBER: _ClassVar[int]
    contract: str
    contract_version: str
    objective: str
    severity: str
    consumer: str
    model: str
    variant: str
    segment: str
    window_s: int
    start: _timestamp_pb2.Timestamp
    verdict: str
    reasons: _containers.RepeatedScalarFieldContainer[str]
    figure: str
    operator: str
    threshold: float
    observed: float
    count: int
    completeness: float
    blame: Blame
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    budget: Budget
    unit: str
    bad: bool
    def __init__(self, contract: _Optional[str] = ..., contract_version: _Optional[str] = ..., objective: _Optional[str] = ..., severity: _Optional[str] = ..., consumer: _Optional[str] = ..., model: _Optional[str] = ..., variant: _Optional[str] = ..., segment: _Optional[str] = ..., window_s: _Optional[int] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., verdict: _Optional[str] = ..., reasons: _Optional[_Iterable[str]] = ..., figure: _Optional[str] = ..., operator: _Optional[str] = ..., threshold: _Optional[float] = ..., observed: _Optional[float] = ..., count: _Optional[int] = ..., completeness: _Optional[float] = ..., blame: _Optional[_Union[Blame, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., unit: _Optional[str] = ..., bad: _Optional[bool] = ...) -> None: ...

class Figure(_message.Message):
    __slots__ = ("value", "count", "error")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    value: float
    count: int
    error: float
    def __init__(self, value: _Optional[float] = ..., count: _Optional[int] = ..., error: _Optional[float] = ...) -> None: ...

class WindowReport(_message.Message):
    __slots__ = ("consumer", "model", "variant", "versions", "segment", "window_s", "start", "closed", "count", "completeness", "figures", "verdict", "verdicts")
    class FiguresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Figure
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Figure, _Mapping]] = ...) -> None: ...
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_S_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPLETENESS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    consumer: str
    model: str
    variant: str
    versions: _containers.RepeatedScalarFieldContainer[str]
    segment: str
    window_s: int
    start: _timestamp_pb2.Timestamp
    closed: bool
    count: int
    completeness: float
    figures: _containers.MessageMap[str, Figure]
    verdict: str
    verdicts: _containers.RepeatedCompositeFieldContainer[WindowVerdict]
    def __init__(self, consumer: _Optional[str] = ..., model: _Optional[str] = ..., variant: _Optional[str] = ..., versions: _Optional[_Iterable[str]] = ..., segment: _Optional[str] = ..., window_s: _Optional[int] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed: _Optional[bool] = ..., count: _Optional[int] = ..., completeness: _Optional[float] = ..., figures: _Optional[_Mapping[str, Figure]] = ..., verdict: _Optional[str] = ..., verdicts: _Optional[_Iterable[_Union[WindowVerdict, _Mapping]]] = ...) -> None: ...
