"""What a contract that is right says of predictions, windows and figures."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from hallmark_common.contracts import Contract, Objective
from hallmark_common.contracts.document import read_document

FAST = {
    "name": "fast",
    "metric": "response_time",
    "aggregate": "p95",
    "operator": "<=",
    "threshold": 0.2,
    "window": "1m",
}


def contract(**keys: Any) -> Contract:
    given: Mapping[str, Any] = {"name": "shop", "consumer": "web-shop", "model": {"name": "flights"}}
    return Contract.model_validate({**given, "objectives": [FAST], **keys})


def objective(**keys: Any) -> Objective:
    return Objective.model_validate({**FAST, **keys})


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("moment", "valid"),
    [
        ("2013-06-30T23:59:59+00:00", False),
        ("2013-07-01T00:00:00+00:00", True),
        ("2013-12-31T22:59:59+00:00", True),
        ("2013-12-31T23:00:00+00:00", False),
    ],
)
def test_it_holds_from_the_first_instant_until_before_the_last(moment: str, valid: bool) -> None:
    found = contract(valid={"from": "2013-07-01", "until": "2014-01-01T00:00:00+01:00"})
    assert found.is_valid_at(ns(moment)) is valid


def test_without_dates_it_always_holds() -> None:
    assert contract().is_valid_at(0)
    assert contract(valid={"until": "2014-01-01"}).is_valid_at(0)
    assert not contract(valid={"from": "2014-01-01"}).is_valid_at(0)


def test_instants_are_exact_to_the_nanosecond() -> None:
    found = contract(valid={"from": "2013-07-01T00:00:00.000001Z"})
    begins = ns("2013-07-01T00:00:00+00:00") + 1000
    assert found.is_valid_at(begins)
    assert not found.is_valid_at(begins - 1)


def test_a_silence_keeps_all_or_some_objectives_silent() -> None:
    silences = [
        {"from": "2013-07-01", "until": "2013-07-02", "reason": "works"},
        {"from": "2013-08-01", "until": "2013-08-02", "reason": "storm", "objectives": ["fast"]},
    ]
    found = contract(silences=silences)
    july, august = ns("2013-07-01T12:00:00+00:00"), ns("2013-08-01T12:00:00+00:00")
    all_silent, fast_silent = found.silenced("other", july), found.silenced("fast", august)
    assert all_silent is not None
    assert all_silent.reason == "works"
    assert fast_silent is not None
    assert fast_silent.reason == "storm"
    assert found.silenced("other", august) is None
    assert found.silenced("fast", ns("2013-07-02T00:00:00+00:00")) is None


@pytest.mark.parametrize(
    ("keys", "key", "unit"),
    [
        ({}, "response_time.p95", "s"),
        ({"of": "preprocess"}, "response_time[preprocess].p95", "s"),
        ({"metric": "accuracy", "aggregate": ""}, "accuracy", "1"),
        ({"metric": "psi", "of": "carrier", "aggregate": ""}, "psi[carrier]", "1"),
        ({"metric": "recall", "of": 9, "aggregate": ""}, "recall[9]", "1"),
        (
            {"metric": "spread", "of": "response_time.p95 by carrier", "aggregate": "difference"},
            "spread[response_time.p95 by carrier].difference",
            "s",
        ),
        (
            {"metric": "spread", "of": "response_time.p95 by carrier", "aggregate": "ratio"},
            "spread[response_time.p95 by carrier].ratio",
            "1",
        ),
    ],
)
def test_an_objective_has_the_key_and_unit_of_its_figure(keys: dict[str, Any], key: str, unit: str) -> None:
    found = objective(**keys)
    assert (found.key, found.unit) == (key, unit)


def test_a_threshold_is_in_the_unit_of_the_figure() -> None:
    accuracy = {"metric": "accuracy", "aggregate": "", "operator": ">="}
    assert objective(threshold="200ms").threshold == 0.2
    assert objective(**accuracy, threshold="95%").threshold == 0.95
    spread = {"metric": "spread", "of": "response_time.p95 by carrier"}
    assert objective(**spread, aggregate="difference", threshold="20ms").threshold == 0.02
    assert objective(**spread, aggregate="ratio", threshold="80%").threshold == 0.8


def test_truth_is_needed_by_the_figure_that_is_spread() -> None:
    assert objective(metric="accuracy", aggregate="").needs_truth
    assert objective(metric="spread", of="accuracy by carrier", aggregate="difference").needs_truth
    assert not objective().needs_truth


def test_least_count_and_coverage_have_defaults() -> None:
    accuracy = {"metric": "accuracy", "aggregate": ""}
    assert objective(**accuracy).least == 30
    assert objective(**accuracy, least_count=1).least == 1
    found = contract(coverage=0.7)
    assert found.coverage_of(objective()) == 0.7
    assert found.coverage_of(objective(coverage=0.0)) == 0.0


@pytest.mark.parametrize(
    ("segment", "key"),
    [
        ({"carrier": "UA"}, "carrier=UA"),
        ({"carrier": "NO"}, "carrier=NO"),
        ({"hour": 6}, "hour=6"),
        ({"weekend": True}, "weekend=true"),
        ("carrier=UA", "carrier=UA"),
    ],
)
def test_a_segment_is_its_key(segment: object, key: str) -> None:
    assert objective(segment=segment).segment == key


def test_windows_and_budgets_are_in_seconds() -> None:
    found = objective(window="1h", budget={"target": 0.99, "period": "7d", "burn_rate": 10, "over": "6h"})
    assert found.window_s == 3600
    assert found.budget is not None
    assert (found.budget.period_s, found.budget.over_s) == (7 * 86400, 6 * 3600)


def test_what_was_read_can_be_read_again() -> None:
    text = "{name: a, consumer: b, model: {name: m}, valid: {from: 2013-07-01}, objectives: [%s]}"
    fast = '{name: f, metric: validity, operator: ">=", threshold: 90%, window: 1h, segment: {c: d}}'
    found = Contract.model_validate(read_document(text % fast).data)
    assert Contract.model_validate(found.model_dump(by_alias=True)) == found
    assert hash(found)
    assert found.valid.since == datetime(2013, 7, 1, tzinfo=UTC)
