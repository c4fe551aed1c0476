"""Periods: what options say, and how far around them records are read."""

import pytest

from hallmark_cli.batch.period import Period, period_of
from hallmark_cli.errors import CliError

S = 10**9


def test_options_without_a_zone_are_utc_and_may_be_left_out() -> None:
    assert period_of("1970-01-01T00:01:00", "1970-01-01T01:02:00+01:00") == Period(60 * S, 120 * S)
    assert period_of("", "") == Period(None, None)


def test_what_starts_in_it() -> None:
    period = Period(60 * S, 120 * S)
    assert [ns in period for ns in (59 * S, 60 * S, 120 * S - 1, 120 * S)] == [False, True, True, False]
    assert 0 in Period()


def test_records_are_read_from_before_it_to_the_end_of_its_last_window() -> None:
    assert Period(60 * S, 121 * S).around(30 * S, 60) == Period(30 * S, 180 * S)
    assert Period(60 * S, 120 * S).around(0, 60) == Period(60 * S, 120 * S)
    assert Period().around(30 * S, 60) == Period()


def test_the_filter_of_records_has_only_what_is_said() -> None:
    which = Period(60 * S).records("m", "acme")
    assert (which.model, which.consumer, which.started_from.seconds) == ("m", "acme", 60)
    assert not which.HasField("started_before")


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(CliError, match=r"--reference-until .*ends before it begins"):
        period_of("2013-07-02", "2013-07-01", ("--reference-from", "--reference-until"))
