"""The reference profile: built and written; and distances against numbers by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hallmark_common.model_spec import ColumnSpec, TableInput
from hallmark_common.profile import CategoryProfile, NumberProfile, Profile, load_profile
from hallmark_common.profiling import profile_column
from hallmark_preprocess.distance import LIMIT, category_distance, distance, find_departures, number_distance
from hallmark_preprocess.image import read_image
from hallmark_preprocess.profile import profile_images, profile_rows, write_profile


def number(values: list[float | None]) -> NumberProfile:
    found = profile_column(values)
    assert isinstance(found, NumberProfile)
    return found


def category(**shares: float) -> CategoryProfile:
    return CategoryProfile(missing_ratio=0, frequencies=shares)


def test_profile_of_rows_leaves_text_out() -> None:
    spec = TableInput(
        kind="table",
        columns=(ColumnSpec(name="x", dtype="integer"), ColumnSpec(name="note", dtype="text")),
        tensors=({"name": "t", "columns": ("x",)},),
    )
    found = profile_rows(spec, [{"x": 1, "note": "a"}, {"x": 3, "note": "b"}])
    assert (found.rows, list(found.columns)) == (2, ["x"])


def test_profile_of_images_is_measured_as_serving_does(encode: Any, image_spec: Any) -> None:
    files = [encode(Image.effect_noise((20, 10 + step), 30 * step)) for step in range(1, 5)]
    found = profile_images(image_spec(), files)
    sharp = [read_image(data, image_spec())[1].sharpness for data in files]
    assert list(found.columns) == ["brightness", "contrast", "sharpness"]
    column = found.columns["sharpness"]
    assert isinstance(column, NumberProfile)
    assert (column.minimum, column.maximum) == (min(sharp), max(sharp))


@pytest.mark.parametrize(("answers", "name"), [(["a", "b"], "label"), ([1.5, 2.5], "value")])
def test_written_and_read_again(tmp_path: Path, answers: Any, name: str) -> None:
    path = tmp_path / "reference.json"
    profile = Profile(rows=3, columns={"x": number([1, 2, 3]), "c": category(a=0.5, b=0.5)})
    write_profile(path, profile, answers)
    found = load_profile(path)
    assert found.columns == profile.columns
    assert list(found.answers) == [name]
    document = json.loads(path.read_text())
    assert len(document["columns"]["x"]["quantiles"]) == 101
    assert document["columns"]["c"] == {"kind": "category", "missing_ratio": 0.0, "frequencies": {"a": 0.5, "b": 0.5}}


def test_distance_of_a_number_by_hand() -> None:
    reference = number([0, 1, 2, 3, 4])  # median 2, quartiles 1 and 3
    assert number_distance(2, reference) == 0
    assert number_distance(4, reference) == pytest.approx(2 * 1.349 / 2)
    assert number_distance(-2, reference) == pytest.approx(4 * 1.349 / 2)
    assert number_distance(1e300, reference) == LIMIT


def test_distance_of_a_number_without_iqr_uses_std() -> None:
    reference = number([5, 5, 5, 5, 5, 5, 5, 5, 5, 15])  # std 3
    assert reference.iqr == 0
    assert number_distance(11, reference) == pytest.approx(2)


def test_distance_from_a_constant() -> None:
    assert number_distance(5, number([5, 5])) == 0
    assert number_distance(5.001, number([5, 5])) == LIMIT


def test_distance_of_a_category_by_hand() -> None:
    reference = category(a=0.5, b=0.25, c=0.25)  # entropy 1.5 bits
    assert category_distance("a", reference) == 0
    assert category_distance("b", reference) == pytest.approx(0.5)
    assert category_distance("z", reference) == LIMIT
    rare = category(a=1 - 2**-20, b=2**-20)
    assert category_distance("b", rare) == LIMIT
    uniform = category(**{str(index): 1 / 8 for index in range(8)})
    assert category_distance("3", uniform) == pytest.approx(0)


def test_distance_of_a_request_is_the_mean_of_means_and_skips_what_is_missing() -> None:
    profile = Profile(rows=5, columns={"x": number([0, 1, 2, 3, 4]), "c": category(a=0.5, b=0.25, c=0.25)})
    columns = {"x": (2.0, 4.0, None), "c": ("b", None, "a")}
    assert distance(profile, columns) == pytest.approx((1.349 / 2 + 0.25) / 2)
    assert distance(profile, {"x": (4.0,), "c": (None,)}) == pytest.approx(1.349)
    assert distance(profile, {"x": (None,), "c": ()}) is None


def test_departures_from_the_reference(findings: Any) -> None:
    profile = Profile(rows=5, columns={"x": number([0, 4]), "c": category(a=1), "d": category(true=1)})
    findings.add("category", "c")
    find_departures(profile, {"x": (-0.1, 0, 4, 4.1, None), "c": ("z",), "d": (True, False)}, findings)
    assert findings.counts() == {"category:c": 1, "reference_range:x": 2, "category:d": 1}
