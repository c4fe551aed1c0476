"""Makes the reference profile of a model out of its training data, as serving would measure it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from hallmark_common.model_spec import ImageInput, TableInput
from hallmark_common.profile import IMAGE_MEASURES, NumberProfile, Profile
from hallmark_common.profiling import profile_column
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.image import read_image
from hallmark_preprocess.table import check_table


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
    profiles = {name: profile_column([getattr(quality, name) for quality in measured]) for name in IMAGE_MEASURES}
    return Profile(rows=len(measured), columns={name: column for name, column in profiles.items() if column})


def write_profile(path: Path, profile: Profile, answers: Sequence[str] | Sequence[float] = ()) -> None:
    """Write ``reference.json``, with the training answers: labels (texts) or values (numbers)."""
    column = profile_column(list(answers))
    if column is not None:
        name: Literal["label", "value"] = "value" if isinstance(column, NumberProfile) else "label"
        profile = profile.model_copy(update={"answers": {**profile.answers, name: column}})
    path.write_text(profile.model_dump_json(indent=1) + "\n", encoding="utf-8")
