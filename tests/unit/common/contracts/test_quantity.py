"""Times and shares as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_common.contracts.quantity import quantity_in, seconds_in


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("7d", 7 * 86400), ("2w", 14 * 86400)]
)
def test_a_duration_is_in_seconds(text: str, seconds: int) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "0d", "d", "-1h", "1.5h", "7 d", "1y", "1h30m", "9999999999s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as 90s, 5m, 1h or 7d, got"):
        seconds_in(text)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("200ms", "s", 0.2),
        ("200 ms", "s", 0.2),
        ("1.5s", "s", 1.5),
        ("2min", "s", 120),
        ("100us", "s", 0.0001),
        ("5%", "ratio", 0.05),
        ("99.9 %", "ratio", 0.999),
        ("0.5", "ratio", 0.5),
        ("-2e1", "", -20),
        ("640px", "px", 640),
        ("0.3 robust std", "robust std", 0.3),
    ],
)
def test_a_quantity_is_in_the_unit_of_its_metric(text: str, unit: str, value: float) -> None:
    assert quantity_in(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("5%", "s", "expected a number in s, or a time such as 200ms, got '5%': '%' is no unit of it"),
        ("200ms", "ratio", "expected a number from 0 to 1, or a share such as 5%, got '200ms': 'ms' is no unit of it"),
        ("200ms", "px", "expected a number in px, got '200ms': 'ms' is no unit of it"),
        ("fast", "s", "expected a number in s, or a time such as 200ms, got 'fast'"),
        ("1.2.3", "", "expected a number, got '1.2.3'"),
        ("", "", "expected a number, got ''"),
    ],
)
def test_a_quantity_in_another_unit_is_refused(text: str, unit: str, message: str) -> None:
    with pytest.raises(ValueError, match="expected a number") as caught:
        quantity_in(text, unit)
    assert str(caught.value) == message


@given(st.integers(0, 10**6))
def test_units_are_exact(milliseconds: int) -> None:
    assert quantity_in(f"{milliseconds}ms", "s") == milliseconds / 1000
    assert quantity_in(f"{milliseconds}%", "ratio") == milliseconds / 100
