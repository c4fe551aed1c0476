"""Recorded predictions as a table for Evidently: a row an instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hallmark_cli.batch.extras import needed
from hallmark_cli.batch.reference import Row, as_number, has_labels, number_columns, profiled_columns
from hallmark_common.model_spec import ModelSpec, ProbabilityOutput
from hallmark_common.profile import category_of
from hallmark_qoa.metrics.rows import number_of

ANSWER, TRUTH, PROBABILITY = "prediction", "truth", "probability"


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows, and what their columns are."""

    data: Any
    """A pandas DataFrame."""
    numbers: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def known(self) -> Any:
        """The rows that were answered and whose truth is known."""
        return self.data.dropna(subset=[ANSWER, TRUTH])

    def without(self, columns: Sequence[str]) -> "Frame":
        """The same without some columns."""
        return Frame(
            self.data.drop(columns=list(columns)),
            tuple(name for name in self.numbers if name not in columns),
            tuple(name for name in self.categories if name not in columns),
        )

    def empty(self) -> list[str]:
        """Columns of the input, and the answers, without any value."""
        return [name for name in (*self.numbers, *self.categories) if self.data[name].isna().all()]


def frame_of(rows: Sequence[Row], spec: ModelSpec) -> Frame:
    """A frame of rows: the input columns, ``prediction``, ``truth`` and, where there is one, ``probability``."""
    pandas = needed("pandas", "evidently", "Evidently")
    columns, numbers = profiled_columns(spec), number_columns(spec)
    labelled = has_labels(spec)
    data: dict[str, Any] = {
        name: pandas.Series([as_number(row.values.get(name)) for row in rows], dtype="float64")
        if name in numbers
        else pandas.Series([_category(row.values.get(name)) for row in rows], dtype="object")
        for name in columns
    }
    data[ANSWER] = pandas.Series([row.answer for row in rows], dtype="object" if labelled else "float64")
    truths = [row.truth if labelled or row.truth is None else number_of(row.truth) for row in rows]
    data[TRUTH] = pandas.Series(truths, dtype="object" if labelled else "float64")
    if isinstance(spec.output, ProbabilityOutput):
        data[PROBABILITY] = pandas.Series([row.score for row in rows], dtype="float64")
    of_numbers = [name for name in columns if name in numbers]
    of_categories = [name for name in columns if name not in numbers]
    (of_categories if labelled else of_numbers).append(ANSWER)
    return Frame(pandas.DataFrame(data), tuple(of_numbers), tuple(of_categories))


def _category(value: bool | float | str | None) -> str | None:
    return None if value is None else category_of(value)
