"""Another reference: the profile of a file, or of the records of a period."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_cli.errors import CliError
from hallmark_common.model_spec import ClassesOutput, ImageInput, ModelSpec, ProbabilityOutput, TableInput
from hallmark_common.profile import IMAGE_MEASURES, Profile
from hallmark_common.profiling import Value, profile_column
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.rows import read_rows
from hallmark_qoa.models import Contexts


@dataclass(frozen=True, slots=True)
class Row:
    """One instance of a request."""

    values: Mapping[str, Value]
    """What was recorded of the input, by column."""
    answer: str | float | None
    """The label or the number that was answered."""
    score: float | None
    """Where that is a label decided by a probability: the probability of the event."""
    truth: str | None


@dataclass(frozen=True, slots=True)
class OtherReference:
    """Models as they are, but one with another reference profile; :class:`~hallmark_qoa.models.Contexts`."""

    models: Contexts
    model: str
    replaced: ModelContext

    def context(self, model: str) -> ModelContext:
        """What figures of a model are computed with."""
        return self.replaced if model == self.model else self.models.context(model)


async def profile_of(records: AsyncIterator[Sequence[QualityRecord]], spec: ModelSpec) -> Profile:
    """The profile of what was recorded: columns of the input, and what was answered.

    :class:`CliError` where there is nothing to make one of.
    """
    columns: dict[str, list[Value]] = {name: [] for name in profiled_columns(spec)}
    answers: list[Value] = []
    rows = 0
    async for chunk in records:
        for row in described_rows(chunk, spec):
            rows += 1
            for name, values in columns.items():
                values.append(row.values.get(name))
            answers.append(row.answer)
    if not rows:
        raise CliError(f"--reference-from: no values of {spec.name} are recorded in that period; choose another one")
    return _profile(rows, columns, answers, spec)


def profiled_columns(spec: ModelSpec) -> tuple[str, ...]:
    """The columns whose values records hold: those of a table that may be recorded, or measures of images."""
    if isinstance(spec.input, ImageInput):
        return IMAGE_MEASURES
    if not isinstance(spec.input, TableInput):
        return ()
    return tuple(column.name for column in spec.input.columns if column.recorded == "value" and column.dtype != "text")


def described_rows(records: Sequence[QualityRecord], spec: ModelSpec) -> Iterator[Row]:
    """The instances of requests whose values are recorded."""
    rows = read_rows(records)
    answered = rows.label if has_labels(spec) else rows.value
    for index, number in enumerate(rows.record):
        values = _measures(records[number]) if isinstance(spec.input, ImageInput) else rows.values[index]
        if values:
            yield Row(values, answered[index], rows.value[index], rows.truth[index])


def has_labels(spec: ModelSpec) -> bool:
    """Whether answers are labels, and not numbers."""
    return isinstance(spec.output, ClassesOutput | ProbabilityOutput)


def _measures(record: QualityRecord) -> Mapping[str, Value]:
    image = record.data.image
    return {name: getattr(image, name) for name in IMAGE_MEASURES} if record.data.HasField("image") else {}


def _profile(rows: int, columns: Mapping[str, list[Value]], answers: list[Value], spec: ModelSpec) -> Profile:
    numbers = number_columns(spec)
    found = {
        name: profile_column([as_number(value) for value in values] if name in numbers else values)
        for name, values in columns.items()
    }
    what: Literal["label", "value"] = "label" if has_labels(spec) else "value"
    answered = profile_column(answers)
    return Profile(
        rows=rows,
        columns={name: profile for name, profile in found.items() if profile is not None},
        answers={} if answered is None else {what: answered},
    )


def number_columns(spec: ModelSpec) -> frozenset[str]:
    """The columns that are numbers; all others are categories."""
    if not isinstance(spec.input, TableInput):
        return frozenset(IMAGE_MEASURES)
    return frozenset(
        column.name for column in spec.input.columns if column.dtype in ("number", "integer") and not column.categories
    )


def as_number(value: Value) -> Value:
    """Not a number where one was declared is missing to a model, too."""
    return None if isinstance(value, bool | str) else value
