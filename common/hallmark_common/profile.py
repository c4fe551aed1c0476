"""The reference profile: what the training data of a model looked like, column by column.

Built when a model is built, committed as ``reference.json`` beside its ``model.yaml``; requests and windows are
compared with it.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hallmark_common.model_spec import ModelSpecError, unreadable

QUANTILES = 101
"""0 % to 100 % in steps of 1 %, so that ``quantiles[p]`` is the p-th percentile."""

IMAGE_MEASURES = ("brightness", "contrast", "sharpness")
"""What stands for columns where the input is images."""

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


def category_of(value: bool | float | str) -> str:
    """A category as a profile names it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


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
