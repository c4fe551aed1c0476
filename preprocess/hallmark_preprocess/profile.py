"""Makes the reference profile of a model out of its training data, as serving would measure it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from hallmark_common.model_spec import ImageInput, TableInput
from hallmark_common.profile import QUANTILES, CategoryProfile, NumberProfile, Profile, category_of
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.image import read_image
from hallmark_preprocess.image_measure import MEASURES
from hallmark_preprocess.table import Cell, check_table


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


def write_profile(path: Path, profile: Profile, answers: Sequence[str] | Sequence[float] = ()) -> None:
    """Write ``reference.json``, with the training answers: labels (texts) or values (numbers)."""
    column = profile_column(list(answers))
    if column is not None:
        name: Literal["label", "value"] = "value" if isinstance(column, NumberProfile) else "label"
        profile = profile.model_copy(update={"answers": {**profile.answers, name: column}})
    path.write_text(profile.model_dump_json(indent=1) + "\n", encoding="utf-8")


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
        median=ordered[50],
        iqr=ordered[75] - ordered[25],
        quantiles=ordered,
    )
