"""Figures as people read them."""

import pytest

from hallmark_cli.render.amounts import SHARES, amount, unit_of
from hallmark_common.catalogue import CATALOGUE


@pytest.mark.parametrize(
    ("value", "unit", "key", "shown"),
    [
        (0.0, "s", "", "0 ms"),
        (0.0000123, "s", "", "12.3 µs"),
        (0.212, "s", "", "212 ms"),
        (1.5, "s", "", "1.5 s"),
        (600.0, "s", "", "10 min"),
        (7200.0 * 3, "s", "", "6 h"),
        (86400.0 * 7, "s", "", "7 d"),
        (0.5, "1", "accuracy", "50 %"),
        (0.5, "1", "precision[late]", "50 %"),
        (0.123456, "1", "psi[carrier]", "0.1235"),
        (1.0, "1", "availability", "100 %"),
        (0.9999999, "1", "availability", "99.999 %"),
        (0.25, "ratio", "", "25 %"),
        (12.0, "1/s", "throughput", "12 1/s"),
        (3.5, "column", "rmse", "3.5"),
        (-0.25, "1", "spread[accuracy by carrier].difference", "-0.25"),
    ],
)
def test_a_value_has_a_unit_that_is_read_easily(value: float, unit: str, key: str, shown: str) -> None:
    assert amount(value, unit, key) == shown


def test_shares_are_plain_numbers_of_the_catalogue() -> None:
    assert {CATALOGUE[name].unit for name in SHARES} == {"1"}


def test_the_unit_of_what_is_not_known_is_none() -> None:
    assert unit_of("response_time.p95") == "s"
    assert unit_of("of_a_later_version") == unit_of("a[b") == ""
