"""The reference profile: what the training data of a model looked like, column by column.

Built when a model is built, committed beside its ``model.yaml``, compared with every request by :mod:`.distance`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hallmark_common.model_spec import ImageInput, ModelSpecError, TableInput, unreadable
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.image import read_image
from hallmark_preprocess.image_measure import MEASURES
from hallmark_preprocess.table import Cell, check_table

QUANTILES = 21
"""0 % to 100 % in steps of 5 %."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberProfile(_Part):
    """Distribution of a number, in its own unit; ``std`` is that of the population, ``iqr`` the 75 % minus the 25 %."""

    kind: Literal["number"] = "number"
    missing_ratio: Ratio
    minimum: Finite
    maximum: Finite
    mean: Finite
    std: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    median: Finite
    iqr: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    quantiles: Annotated[tuple[Finite, ...], Field(min_length=QUANTILES, max_length=QUANTILES)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.quantiles) != sorted(self.quantiles) or self.minimum > self.maximum:
            raise ValueError("quantiles, or minimum and maximum, are not in order")
        return self


class CategoryProfile(_Part):
    """Share of each category among the values that are there; booleans are ``true`` and ``false``."""

    kind: Literal["category"] = "category"
    missing_ratio: Ratio
    frequencies: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        if abs(sum(self.frequencies.values()) - 1) > 1e-6:
            raise ValueError("frequencies do not sum to 1")
        return self


ColumnProfile = Annotated[NumberProfile | CategoryProfile, Field(discriminator="kind")]


class Profile(_Part):
    """A reference profile: columns of the input, or measures of images, and label or value of the training answers."""

    rows: int = Field(ge=1)
    columns: dict[str, ColumnProfile]
    answers: dict[Literal["label", "value"], ColumnProfile] = Field(default_factory=dict)


def profile_rows(spec: TableInput, rows: Sequence[Mapping[str, object]]) -> Profile:
    """Profile of training rows, in the form in which they would be sent; columns of dtype text are left out.

    Raises:
        HallmarkError: INVALID_ARGUMENT; a row is not valid by ``spec``.
    """
    findings = Findings()
    table = check_table(spec, rows, findings)
    findings.raise_rejected()
    kept = [column for column in spec.columns if column.dtype != "text"]
    profiles = {column.name: profile_column(table.columns[column.name]) for column in kept}
    return Profile(rows=len(rows), columns={name: column for name, column in profiles.items() if column})


def profile_images(spec: ImageInput, files: Iterable[bytes]) -> Profile:
    """Profile of training images, given as image files: brightness, contrast and sharpness as serving measures them.

    Raises:
        HallmarkError: INVALID_ARGUMENT; a file is not valid by ``spec``.
    """
    measured = [read_image(data, spec, f"images[{index}]")[1] for index, data in enumerate(files)]
    profiles = {name: profile_column([getattr(quality, name) for quality in measured]) for name in MEASURES}
    return Profile(rows=len(measured), columns={name: column for name, column in profiles.items() if column})


def profile_column(values: Sequence[Cell]) -> NumberProfile | CategoryProfile | None:
    """Profile of one column, None being missing; numbers or categories by the values; None where all are missing."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    missing_ratio = 1 - len(there) / len(values)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        return _profile_numbers(np.array(there, dtype=np.float64), missing_ratio)
    counts = Counter(category_of(value) for value in there)
    return CategoryProfile(
        missing_ratio=missing_ratio,
        frequencies={name: count / len(there) for name, count in sorted(counts.items())},
    )


def category_of(value: Cell) -> str:
    """A category as the profile names it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_profile(path: Path, profile: Profile, answers: Sequence[str] | Sequence[float] = ()) -> None:
    """Write ``reference.json``, with the training answers: labels (texts) or values (numbers)."""
    column = profile_column(list(answers))
    if column is not None:
        name: Literal["label", "value"] = "value" if isinstance(column, NumberProfile) else "label"
        profile = profile.model_copy(update={"answers": {**profile.answers, name: column}})
    path.write_text(profile.model_dump_json(indent=1) + "\n", encoding="utf-8")


def load_profile(path: Path) -> Profile:
    """Read ``reference.json``; ``ModelSpecError`` names the file and what is wrong with it."""
    try:
        return Profile.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelSpecError(
            f"{path}: no such file; build the model again, or take reference out of model.yaml"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise ModelSpecError(f"{path}: is not UTF-8: {error}; build the model again") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ModelSpecError(f"{path}: {where}: {first['msg']}; build the model again") from None


def _profile_numbers(values: np.ndarray[tuple[int], np.dtype[np.float64]], missing_ratio: float) -> NumberProfile:
    quantiles = np.quantile(values, np.linspace(0, 1, QUANTILES))
    # Quantiles are interpolated, and rounding can put neighbours out of order in the last bit.
    ordered = tuple(float(value) for value in np.maximum.accumulate(quantiles))
    return NumberProfile(
        missing_ratio=missing_ratio,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        std=float(values.std()),
        median=ordered[10],
        iqr=ordered[15] - ordered[5],
        quantiles=ordered,
    )
