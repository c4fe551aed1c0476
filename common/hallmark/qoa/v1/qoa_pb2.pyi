import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hallmark.qoa.v1 import quality_pb2 as _quality_pb2
from hallmark.qoa.v1 import report_pb2 as _report_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetRecordRequest(_message.Message):
    __slots__ = ("prediction_id",)
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    def __init__(self, prediction_id: _Optional[str] = ...) -> None: ...

class GetRecordResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: _quality_pb2.QualityRecord
    def __init__(self, record: _Optional[_Union[_quality_pb2.QualityRecord, _Mapping]] = ...) -> None: ...

class RecordFilter(_message.Message):
    __slots__ = ("consumer", "model", "status", "started_from", "started_before")
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_FROM_FIELD_NUMBER: _ClassVar[int]
    STARTED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    consumer: str
    model: str
    status: str
    started_from: _timestamp_pb2.Timestamp
    started_before: _timestamp_pb2.Timestamp
    def __init__(self, consumer: _Optional[str] = ..., model: _Optional[str] = ..., status: _Optional[str] = ..., started_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListRecordsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: RecordFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[RecordFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRecordsResponse(_message.Message):
    __slots__ = ("records", "next_page_token")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[_quality_pb2.QualityRecord]
    next_page_token: str
    def __init__(self, records: _Optional[_Iterable[_Union[_quality_pb2.QualityRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchRecordsRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: RecordFilter
    def __init__(self, filter: _Optional[_Union[RecordFilter, _Mapping]] = ...) -> None: ...

class WatchRecordsResponse(_message.Message):
    __slots__ = ("record", "missed")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    MISSED_FIELD_NUMBER: _ClassVar[int]
    record: _quality_pb2.QualityRecord
    missed: int
    def __init__(self, record: _Optional[_Union[_quality_pb2.QualityRecord, _Mapping]] = ..., missed: _Optional[int] = ...) -> None: ...

class ExportRecordsRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: RecordFilter
    def __init__(self, filter: _Optional[_Union[RecordFilter, _Mapping]] = ...) -> None: ...

class ExportRecordsResponse(_message.Message):
    __slots__ = ("records", "total")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[_quality_pb2.QualityRecord]
    total: int
    def __init__(self, records: _Optional[_Iterable[_Union[_quality_pb2.QualityRecord, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class AddTruthsRequest(_message.Message):
    __slots__ = ("truths",)
    TRUTHS_FIELD_NUMBER: _ClassVar[int]
    truths: _containers.RepeatedCompositeFieldContainer[PredictionTruth]
    def __init__(self, truths: _Optional[_Iterable[_Union[PredictionTruth, _Mapping]]] = ...) -> None: ...

class PredictionTruth(_message.Message):
    __slots__ = ("prediction_id", "truth")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TRUTH_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    truth: _quality_pb2.Truth
    def __init__(self, prediction_id: _Optional[str] = ..., truth: _Optional[_Union[_quality_pb2.Truth, _Mapping]] = ...) -> None: ...

class AddTruthsResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[TruthOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[TruthOutcome, _Mapping]]] = ...) -> None: ...

class TruthOutcome(_message.Message):
    __slots__ = ("outcome", "reason")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    outcome: str
    reason: str
    def __init__(self, outcome: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class GetReportRequest(_message.Message):
    __slots__ = ("consumer", "model", "variant", "window_s", "before", "segment", "limit", "figures")
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_S_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    consumer: str
    model: str
    variant: str
    window_s: int
    before: _timestamp_pb2.Timestamp
    segment: str
    limit: int
    figures: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, consumer: _Optional[str] = ..., model: _Optional[str] = ..., variant: _Optional[str] = ..., window_s: _Optional[int] = ..., before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., segment: _Optional[str] = ..., limit: _Optional[int] = ..., figures: _Optional[_Iterable[str]] = ..., **kwargs) -> None: ...

class GetReportResponse(_message.Message):
    __slots__ = ("windows", "more")
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedCompositeFieldContainer[_report_pb2.WindowReport]
    more: bool
    def __init__(self, windows: _Optional[_Iterable[_Union[_report_pb2.WindowReport, _Mapping]]] = ..., more: _Optional[bool] = ...) -> None: ...

class WatchVerdictsRequest(_message.Message):
    __slots__ = ("consumer", "model", "silenced")
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    consumer: str
    model: str
    silenced: bool
    def __init__(self, consumer: _Optional[str] = ..., model: _Optional[str] = ..., silenced: _Optional[bool] = ...) -> None: ...

class WatchVerdictsResponse(_message.Message):
    __slots__ = ("change", "missed")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    MISSED_FIELD_NUMBER: _ClassVar[int]
    change: VerdictChange
    missed: int
    def __init__(self, change: _Optional[_Union[VerdictChange, _Mapping]] = ..., missed: _Optional[int] = ...) -> None: ...

class VerdictChange(_message.Message):
    __slots__ = ("id", "verdict", "before", "silenced")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    SILENCED_FIELD_NUMBER: _ClassVar[int]
    id: str
    verdict: _report_pb2.WindowVerdict
    before: str
    silenced: bool
    def __init__(self, id: _Optional[str] = ..., verdict: _Optional[_Union[_report_pb2.WindowVerdict, _Mapping]] = ..., before: _Optional[str] = ..., silenced: _Optional[bool] = ...) -> None: ...

class GetJudgingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetJudgingResponse(_message.Message):
    __slots__ = ("contracts", "policy_revision", "policy_error")
    CONTRACTS_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    POLICY_ERROR_FIELD_NUMBER: _ClassVar[int]
    contracts: _containers.RepeatedCompositeFieldContainer[ContractStatus]
    policy_revision: str
    policy_error: str
    def __init__(self, contracts: _Optional[_Iterable[_Union[ContractStatus, _Mapping]]] = ..., policy_revision: _Optional[str] = ..., policy_error: _Optional[str] = ...) -> None: ...

class ContractStatus(_message.Message):
    __slots__ = ("name", "version", "error")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    error: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...
