"""Naming: of which variant and version of a model records are, where no service has said it. Pure.

A request that fails before preprocess has found its model names that model and no more. It counts where its neighbours
do: for what ``model.yaml`` declares as its variant and the version that answers by default.

Names of models come from callers too. In a window in which no request reached a model that goes by the name, and of
which there is no declaration here, nothing is kept: there is no end to names of models that are not there.
"""

from collections.abc import Sequence

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.metrics.context import ModelContext


def named(records: Sequence[QualityRecord], context: ModelContext) -> Sequence[QualityRecord]:
    """Those records of one window and model that count, each with its variant and version as far as they are known."""
    if context.version:
        return [_as_declared(record, context) for record in records]
    return records if any(record.model.variant for record in records) else ()


def _as_declared(record: QualityRecord, context: ModelContext) -> QualityRecord:
    if record.model.variant and record.model.version:
        return record
    filled = QualityRecord()
    filled.CopyFrom(record)
    filled.model.variant = record.model.variant or context.variant
    filled.model.version = record.model.version or context.version
    return filled
