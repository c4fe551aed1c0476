"""What records say of the data: completeness, violations, images, columns, repetitions."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from hallmark.qoa.v1.quality_pb2 import DataQuality, QualityRecord
from hallmark_common.profile import category_of
from hallmark_common.segments import OTHER
from hallmark_qoa.derive import event_ns, started_ns
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.context import MODES, NEVER_SEEN, CategoryColumn, ModelContext, NumberColumn
from hallmark_qoa.metrics.formulas.outliers import are_outside
from hallmark_qoa.metrics.rows import Rows
from hallmark_qoa.metrics.samples import Floats, Integers, Samples

PREPROCESS = "preprocess"

_SCHEMA = frozenset(("missing", "type", "range", "category", "size"))
_RANGES = frozenset(("range", "reference_range"))
_UNTYPICAL = 1.0
"""Values less far from the reference, in robust standard deviations or bits, prove nothing."""
_FARTHEST = 1e6
"""Values farther from it are as far, so that none is infinitely far."""
_MAX_SHOWN = 60

Found = dict[str, list[tuple[int, int, str]]]
"""Owner, count of instances and kind, by field."""


def observe_data(records: Sequence[QualityRecord], rows: Rows, context: ModelContext, samples: Samples) -> None:
    """Everything that is measured of what came with the requests."""
    ages = [(started_ns(record) - event_ns(record)) / 1e9 for record in records]
    samples.add_numbers("freshness", range(len(records)), ages)
    samples.offer("freshness", range(len(records)), ages)
    owners = [index for index, record in enumerate(records) if record.HasField("data")]
    data = [records[owner].data for owner in owners]
    samples.count(slots.DATA, owners)
    samples.add_numbers(slots.INSTANCES, owners, [float(one.instances) for one in data], sketch=False)
    samples.add_numbers(slots.MISSING, owners, [one.missing_ratio * one.instances for one in data], sketch=False)
    _observe_distance(owners, data, samples)
    _observe_violations(owners, data, rows, context, samples)
    _observe_images(owners, data, context, samples)
    _observe_columns(rows, context, samples)


def _observe_distance(owners: Sequence[int], data: Sequence[DataQuality], samples: Samples) -> None:
    there = [(owner, one.distance) for owner, one in zip(owners, data, strict=True) if one.HasField("distance")]
    whose, values = [owner for owner, _ in there], [value for _, value in there]
    samples.add_numbers("distance", whose, values)
    samples.offer("distance", whose, values, PREPROCESS)


def _observe_violations(
    owners: Sequence[int], data: Sequence[DataQuality], rows: Rows, context: ModelContext, samples: Samples
) -> None:
    errors: Found = defaultdict(list)
    outside: Found = defaultdict(list)
    invalid, departed = [], []
    for owner, one in zip(owners, data, strict=True):
        if not one.violations:
            continue
        kinds = {violation.kind for violation in one.violations}
        if not kinds.isdisjoint(_SCHEMA):
            invalid.append(owner)
        if not kinds.isdisjoint(_RANGES):
            departed.append(owner)
        _sort_violations(owner, one, context, errors, outside)
    samples.count(slots.INVALID, invalid)
    samples.count(slots.OUTSIDE, departed)
    only_row = _only_rows(rows) if errors or outside else {}
    for slot, by_field in ((slots.errors, errors), (slots.outside, outside)):
        for name, found in by_field.items():
            values = [rows.values[only_row[owner]] if owner in only_row else None for owner, _, _ in found]
            _add_found(slot(name), name, found, values, samples)


def _sort_violations(owner: int, data: DataQuality, context: ModelContext, errors: Found, outside: Found) -> None:
    """By field; what is outside the schema's range is as a rule outside the reference's too, and counts once."""
    wrong: dict[str, tuple[int, str]] = {}
    out: dict[str, tuple[int, str]] = {}
    for violation in data.violations:
        kind, name = violation.kind, violation.field if violation.field in context.fields else OTHER
        if kind in _SCHEMA:
            count, first = wrong.get(name, (0, kind))
            wrong[name] = count + violation.count, first
        if kind in _RANGES:
            count, first = out.get(name, (0, kind))
            out[name] = max(count, violation.count), first
    for found, into in ((wrong, errors), (out, outside)):
        for name, (count, kind) in found.items():
            into[name].append((owner, min(count, data.instances), kind))


def _add_found(
    slot: str, name: str, found: list[tuple[int, int, str]], values: list[dict[str, Any] | None], samples: Samples
) -> None:
    owners = [owner for owner, _, _ in found]
    counts = [float(count) for _, count, _ in found]
    samples.add_numbers(slot, owners, counts, sketch=False)
    samples.offer(slot, owners, counts, PREPROCESS, partial(_violated, name, [kind for *_, kind in found], values))


def _only_rows(rows: Rows) -> dict[int, int]:
    """Row by record, of records with one instance: what is said of such a record is said of that row."""
    last = {record: row for row, record in enumerate(rows.record)}
    return {record: row for row, record in enumerate(rows.record) if last[record] == row and rows.instance[row] == 0}


def _violated(name: str, kinds: Sequence[str], values: Sequence[dict[str, Any] | None], at: int) -> str:
    of_row = values[at] or {}
    return f"{kinds[at]}: {_is(name, of_row[name])}" if name in of_row else f"{kinds[at]}: {name}"


def _observe_images(
    owners: Sequence[int], data: Sequence[DataQuality], context: ModelContext, samples: Samples
) -> None:
    whose = [owner for owner, one in zip(owners, data, strict=True) if one.HasField("image")]
    if not whose:
        return
    images = [one.image for one in data if one.HasField("image")]
    samples.count(slots.IMAGES, whose)
    samples.add_names(slots.MODE, whose, [_mode(image.mode) for image in images])
    widths, heights = [image.width for image in images], [image.height for image in images]
    samples.add_numbers("image_width", whose, [float(width) for width in widths])
    samples.add_numbers("image_height", whose, [float(height) for height in heights])
    samples.add_numbers("image_size", whose, [float(w * h) for w, h in zip(widths, heights, strict=True)])
    for name, values in (
        ("brightness", [image.brightness for image in images]),
        ("contrast", [image.contrast for image in images]),
        ("sharpness", [image.sharpness for image in images]),
    ):
        column = context.columns.get(name)
        observe_numbers(
            column if isinstance(column, NumberColumn) else NumberColumn(name),
            np.asarray(whose),
            np.asarray(values),
            samples,
        )


def _mode(mode: str) -> str:
    return mode if mode in MODES else OTHER


def _observe_columns(rows: Rows, context: ModelContext, samples: Samples) -> None:
    there = [row for row, values in enumerate(rows.values) if values is not None]
    if not there:
        return
    owners = np.asarray(there) + rows.records
    samples.count(slots.ROWS, owners)
    values = [rows.values[row] or {} for row in there]
    for name, column in context.columns.items():
        cells = [row.get(name) for row in values]
        if isinstance(column, NumberColumn):
            numbers = _numbers(cells)
            present = np.isfinite(numbers)
            observe_numbers(column, owners[present], numbers[present], samples)
        else:
            present = np.fromiter((cell is not None for cell in cells), dtype=np.bool_, count=len(cells))
            if isinstance(column, CategoryColumn):
                observe_categories(column, owners[present], [cell for cell in cells if cell is not None], samples)
            else:
                samples.add_name(slots.FILLED, owners[present], name)
        _observe_presence(name, owners, present, samples)


def _observe_presence(name: str, owners: Integers, present: Any, samples: Samples) -> None:
    lacking = owners[~present]
    samples.add_name(slots.NULL, lacking, name)
    samples.offer(slots.null(name), lacking, np.ones(len(lacking)), PREPROCESS, lambda _at: f"{name} is missing")


def _numbers(cells: Sequence[Any]) -> Floats:
    """NaN for what is no number."""
    if not {type(cell) for cell in cells} <= {float, int, type(None)}:
        cells = [cell if type(cell) in (float, int) else None for cell in cells]
    return np.array(cells, dtype=np.float64)


def observe_numbers(column: NumberColumn, owners: Integers, values: Floats, samples: Samples) -> None:
    """Values of a column of numbers, all finite: distribution, bins of the reference, outliers."""
    samples.add_numbers(slots.column(column.name), owners, values, squares=True)
    if column.reference is None:
        return
    samples.add_codes(slots.distribution(column.name, column.fingerprint), owners, column.reference.bin_of(values))
    if column.fences is not None:
        outliers = owners[are_outside(values, column.fences)]
        samples.add_name(slots.OUTLIER, outliers, column.name)
    if column.scale > 0:
        away = np.minimum(np.abs(values - column.median) / column.scale, _FARTHEST)
        far = away > _UNTYPICAL
        detail = partial(_far, column.name, values[far], f"the median is {column.median:g}")
        samples.offer(slots.far(column.name), owners[far], away[far], PREPROCESS, detail)


def observe_categories(column: CategoryColumn, owners: Integers, cells: Sequence[Any], samples: Samples) -> None:
    """Values of a column of categories, none missing."""
    names = [column.name_of(category_of(cell)) for cell in cells]
    samples.add_names(slots.distribution(column.name, column.fingerprint), owners, names)
    if not column.shares:
        return
    surprise = np.array([column.surprise.get(name, NEVER_SEEN) for name in names])
    far = np.flatnonzero(surprise > _UNTYPICAL)
    shown = [category_of(cells[at]) for at in far.tolist()]
    samples.offer(
        slots.far(column.name),
        owners[far],
        surprise[far],
        PREPROCESS,
        partial(_rare, column.name, shown, column.shares),
    )


def _far(name: str, values: Floats, usual: str, at: int) -> str:
    return f"{name} = {values.item(at):g}, {usual}"


def _rare(name: str, shown: Sequence[str], shares: Any, at: int) -> str:
    share = shares.get(shown[at])
    seen = f"{share:.3%} of the training data" if share else "never seen in the training data"
    return f"{_is(name, shown[at])}, {seen}"


def _is(name: str, value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name} = {text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + '…'}"
