"""The profile of a column, made of its values."""

import numpy as np
import pytest

from hallmark_common.profile import CategoryProfile, NumberProfile
from hallmark_common.profiling import profile_column


def test_profile_of_numbers_is_that_of_numpy() -> None:
    values = np.random.default_rng(1).normal(5, 2, 500)
    found = profile_column([*values.tolist(), None, None])
    assert isinstance(found, NumberProfile)
    assert found.missing_ratio == pytest.approx(2 / 502)
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.mean == pytest.approx(values.mean())
    assert found.std == pytest.approx(values.std())
    assert found.median == pytest.approx(np.median(values))
    assert found.iqr == pytest.approx(np.percentile(values, 75) - np.percentile(values, 25))
    assert found.quantiles == pytest.approx([np.percentile(values, percent) for percent in range(101)])


def test_profile_of_categories_and_booleans() -> None:
    found = profile_column(["a", "b", "a", None])
    assert isinstance(found, CategoryProfile)
    assert found.frequencies == {"a": 2 / 3, "b": 1 / 3}
    assert found.missing_ratio == 0.25
    truth = profile_column([True, False, True, True])
    assert isinstance(truth, CategoryProfile)
    assert truth.frequencies == {"false": 0.25, "true": 0.75}


def test_a_column_without_values_has_no_profile() -> None:
    assert profile_column([None, None]) is None
