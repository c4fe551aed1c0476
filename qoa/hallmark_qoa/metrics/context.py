"""What is known of a model where its records are measured: its declaration, its reference profile, prices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

from hallmark_common.catalogue import ANSWERS
from hallmark_common.model_spec import (
    ClassesOutput,
    ColumnSpec,
    ImageInput,
    ModelSpec,
    ProbabilityOutput,
    TableInput,
    TensorInput,
)
from hallmark_common.profile import CategoryProfile, ColumnProfile, NumberProfile, Profile
from hallmark_common.segments import OTHER, Segmenter, segments_of
from hallmark_qoa.metrics.formulas.outliers import Interval, fences
from hallmark_qoa.metrics.formulas.reference import NumericReference

MEASURES = ("brightness", "contrast", "sharpness")
"""The numbers of an image that a profile holds."""

MODES = frozenset(("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "I;16"))
"""Modes of Pillow, from its documentation (Concepts, Modes)."""

IQR_OF_NORMAL = 1.349
NEVER_SEEN = 10.0
"""How surprising a category is that the reference does not have, in bits."""

_REQUEST_FIELDS = ("instances", "images", "input")


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of numbers, or the answered numbers; without a reference all but the name is empty."""

    name: str
    reference: NumericReference | None = None
    fingerprint: str = ""
    """Of the reference: bins of another one are others."""
    median: float = 0.0
    scale: float = 0.0
    """Robust standard deviation, in the unit of the column; 0 where the reference hardly varies."""
    std: float = 0.0
    fences: Interval | None = None
    """Tukey's: values outside are outliers."""


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """A column of categories, or the answered labels."""

    name: str
    known: frozenset[str]
    """What is counted by name; all else is ``other``."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Of the reference; empty without one."""
    rows: int = 0
    surprise: Mapping[str, float] = field(default_factory=dict)
    """Bits that a category surprises beyond what is expected of the reference, by category."""
    fingerprint: str = ""

    def name_of(self, category: str) -> str:
        """What a category is counted as."""
        return category if category in self.known else OTHER


@dataclass(frozen=True, slots=True)
class OpaqueColumn:
    """A column of which only is counted whether there is a value: a text or a hash."""

    name: str


Column = NumberColumn | CategoryColumn | OpaqueColumn


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What is known of one model; empty for one that the engine does not have."""

    kind: Literal["", "classes", "probability", "number", "raw"] = ""
    labels: tuple[str, ...] = ()
    event: str = ""
    """What a probability is of."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    """Recorded columns of a table, or measures of images, by name."""
    answers: Column | None = None
    """The answers as a column, where there is a reference of them."""
    fields: frozenset[str] = frozenset()
    """What violations are counted by; all else is ``other``."""
    segmenters: tuple[Segmenter, ...] = ()
    cpu_hour_price: float = 0.0
    variant: str = ""
    """As declared."""
    version: str = ""
    """The one that answers by default."""

    @classmethod
    def of(cls, spec: ModelSpec, profile: Profile | None = None, cpu_hour_price: float = 0.0) -> "ModelContext":
        """Of a model with its reference profile, if it has one, and the price of an hour of one core."""
        output = spec.output
        event = output.label if isinstance(output, ProbabilityOutput) else ""
        labels: tuple[str, ...] = ()
        if isinstance(output, ProbabilityOutput):
            labels = (output.label, output.absence)
        elif isinstance(output, ClassesOutput):
            labels = output.labels
        columns = _columns(spec, profile)
        return cls(
            output.kind,
            labels,
            event,
            columns,
            _answers(labels, profile),
            frozenset((*_fields(spec), *_REQUEST_FIELDS)),
            segments_of(spec),
            cpu_hour_price,
            spec.variant,
            spec.default_version,
        )

    def label(self, text: str) -> str:
        """What a label is counted as."""
        return text if text in self.labels else OTHER

    def column(self, name: str) -> Column | None:
        """A column, or the answers by the name that stands for them."""
        return self.answers if name == ANSWERS else self.columns.get(name)


def _fields(spec: ModelSpec) -> tuple[str, ...]:
    if isinstance(spec.input, TableInput):
        return tuple(column.name for column in spec.input.columns)
    if isinstance(spec.input, TensorInput):
        return tuple(tensor.name for tensor in spec.input.tensors)
    return MEASURES


def _columns(spec: ModelSpec, profile: Profile | None) -> dict[str, Column]:
    if isinstance(spec.input, ImageInput):
        return {name: _column_of(name, _reference(profile, name), profile) for name in MEASURES}
    if not isinstance(spec.input, TableInput):
        return {}
    recorded = [column for column in spec.input.columns if column.recorded != "none"]
    return {column.name: _declared(column, profile) for column in recorded}


def _reference(profile: Profile | None, name: str) -> ColumnProfile | None:
    return profile.columns.get(name) if profile is not None else None


def _declared(spec: ColumnSpec, profile: Profile | None) -> Column:
    if spec.recorded == "hash" or spec.dtype == "text":
        return OpaqueColumn(spec.name)
    reference = _reference(profile, spec.name)
    is_category = spec.dtype in ("category", "boolean") or bool(spec.categories)
    if isinstance(reference, CategoryProfile) or (reference is None and is_category):
        declared = ("false", "true") if spec.dtype == "boolean" else spec.categories
        return _category(spec.name, declared, reference if isinstance(reference, CategoryProfile) else None, profile)
    return _column_of(spec.name, reference, profile)


def _column_of(name: str, reference: ColumnProfile | None, profile: Profile | None) -> Column:
    if isinstance(reference, CategoryProfile):
        return _category(name, (), reference, profile)
    if reference is None or profile is None:
        return NumberColumn(name)
    return _number(name, reference, profile.rows)


def _number(name: str, reference: NumberProfile, rows: int) -> NumberColumn:
    quantiles = NumericReference.of(reference.quantiles, rows)
    return NumberColumn(
        name,
        quantiles,
        _fingerprint(repr(quantiles.quantiles.tolist())),
        reference.median,
        reference.iqr / IQR_OF_NORMAL or reference.std,
        reference.std,
        fences(reference.quantiles[25], reference.quantiles[75]),
    )


def _category(
    name: str, declared: tuple[str, ...], reference: CategoryProfile | None, profile: Profile | None
) -> CategoryColumn:
    if reference is None or profile is None:
        return CategoryColumn(name, frozenset(declared))
    shares = reference.frequencies
    entropy = -sum(share * math.log2(share) for share in shares.values())
    return CategoryColumn(
        name,
        frozenset((*declared, *shares)),
        shares,
        profile.rows,
        {category: -math.log2(share) - entropy for category, share in shares.items()},
        _fingerprint(repr(sorted((*declared, *shares)))),
    )


def _answers(labels: tuple[str, ...], profile: Profile | None) -> Column | None:
    found = profile.answers if profile is not None else {}
    if labels and "label" in found:
        reference = found["label"]
        return _category(ANSWERS, labels, reference if isinstance(reference, CategoryProfile) else None, profile)
    if "value" in found:
        return _column_of(ANSWERS, found["value"], profile)
    return None


def _fingerprint(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
