"""What records say of the service: times, statuses, cost, and which stages have reported."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common import attributes
from hallmark_common.catalogue import figure_key
from hallmark_qoa.flow import OK
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.samples import Floats, Integers, Samples

_MS_PER_S = 1e3
_NAN = float("nan")
_PLACES = {name: place for place, name in enumerate(attributes.STAGES)}

Owners = Sequence[int] | Integers


@dataclass(slots=True)
class _Column:
    """Values and whose they are."""

    owners: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def put(self, owner: int, value: float) -> None:
        self.owners.append(owner)
        self.values.append(value)


def observe_service(records: Sequence[QualityRecord], samples: Samples) -> None:
    """Everything but data, answers and truth."""
    samples.count(slots.RECORDS, range(len(records)))
    samples.count(slots.COMPLETE, [index for index, record in enumerate(records) if record.complete])
    _observe_ends(records, samples)
    _observe_stages(records, samples)
    _observe_runs(records, samples)
    _observe_missing(records, samples)


def _observe_ends(records: Sequence[QualityRecord], samples: Samples) -> None:
    """How requests ended, where the entry span says so."""
    owners = [index for index, record in enumerate(records) if record.HasField("duration_ms")]
    durations = [records[owner].duration_ms / _MS_PER_S for owner in owners]
    statuses = [records[owner].status for owner in owners]
    samples.count(slots.ENDED, owners)
    samples.add_names(slots.STATUS, owners, statuses)
    samples.add_numbers("response_time", owners, durations)
    samples.offer("response_time", owners, durations)
    failed: dict[str, _Column] = defaultdict(_Column)
    for owner, duration, status in zip(owners, durations, statuses, strict=True):
        if status != OK:
            failed[status].put(owner, duration)
    for status, found in failed.items():
        reasons = [records[owner].reason for owner in found.owners]
        samples.offer(slots.failed(status), found.owners, found.values, detail=partial(_ended, status, reasons))


def _ended(status: str, reasons: Sequence[str], at: int) -> str:
    return f"{status} ({reasons[at]})" if reasons[at] else status


def _observe_stages(records: Sequence[QualityRecord], samples: Samples) -> None:
    table = np.array(_stages(records), dtype=np.float64).reshape(-1, 5)
    owners, place = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    duration, own, cpu = table[:, 2] / _MS_PER_S, table[:, 3] / _MS_PER_S, table[:, 4] / _MS_PER_S
    is_called = np.zeros(len(table), dtype=np.bool_)
    is_called[1:] = (owners[1:] == owners[:-1]) & (place[1:] == place[:-1] + 1)
    transit = np.maximum(0.0, np.roll(duration - own, 1) - duration)
    has_cpu = ~np.isnan(cpu)
    for number, name in enumerate(attributes.STAGES):
        here = place == number
        for metric, values, there in (
            ("response_time", duration, here),
            ("stage_time", own, here),
            ("transit_time", transit, here & is_called),
        ):
            _add_times(figure_key(metric, name), owners[there], values[there], name, samples)
        samples.add_numbers(figure_key("cpu_time", name), owners[here & has_cpu], cpu[here & has_cpu])
    whose = np.unique(owners[has_cpu])
    used: Floats = np.bincount(owners[has_cpu], cpu[has_cpu]).astype(np.float64)
    _add_times("cpu_time", whose, used[whose], "", samples)


def _stages(records: Sequence[QualityRecord]) -> list[tuple[float, ...]]:
    """Record, place in the flow, duration, own time and CPU time in ms (NaN where not measured) of each stage."""
    return [
        (
            index,
            _PLACES[stage.name],
            stage.duration_ms,
            stage.self_ms,
            stage.cpu_ms if stage.HasField("cpu_ms") else _NAN,
        )
        for index, record in enumerate(records)
        for stage in record.stages
        if stage.name in _PLACES
    ]


def _add_times(slot: str, owners: Owners, values: Sequence[float] | Floats, stage: str, samples: Samples) -> None:
    samples.add_numbers(slot, owners, values)
    samples.offer(slot, owners, values, stage)


def _observe_runs(records: Sequence[QualityRecord], samples: Samples) -> None:
    owners = [index for index, record in enumerate(records) if record.HasField("inference")]
    runs = [records[owner].inference for owner in owners]
    for slot, values in (
        ("queue_time", [run.queue_ms / _MS_PER_S for run in runs]),
        ("batch_time", [run.batch_ms / _MS_PER_S for run in runs]),
        ("compute_time", [run.compute_ms / _MS_PER_S for run in runs]),
    ):
        _add_times(slot, owners, values, "inference", samples)
    samples.add_numbers("batch_size", owners, [float(run.batch_size) for run in runs])


def _observe_missing(records: Sequence[QualityRecord], samples: Samples) -> None:
    lacking: dict[str, list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        if not record.complete:
            for stage in record.missing_stages:
                lacking[stage].append(index)
    for stage, owners in lacking.items():
        samples.add_name(slots.MISSING_STAGES, owners, stage)
        seen = [records[owner].duration_ms / _MS_PER_S for owner in owners]
        samples.offer(slots.missing(stage), owners, seen, detail=partial(_absent, stage))


def _absent(stage: str, _at: int) -> str:
    return f"no span of {stage}"
