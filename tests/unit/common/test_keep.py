"""What one request at one stage is evidence of."""

from typing import Any

import pytest

from hallmark_common import attributes as a
from hallmark_common.catalogue import CATALOGUE
from hallmark_common.contracts import Contract
from hallmark_common.keep.rule import KeepRules
from hallmark_common.keep.samples import FAULTS, Ended, samples_of

OK = {a.CONSUMER: "shop", a.MODEL: "m", a.STATUS: "OK"}


def objective(
    metric: str, operator: str, threshold: float, of: str = "", aggregate: str | None = None
) -> dict[str, Any]:
    if aggregate is None:
        aggregate = next(iter(CATALOGUE[metric].aggregates), "")
    promise = {"name": "o", "metric": metric, "of": of, "aggregate": aggregate}
    return {**promise, "operator": operator, "threshold": threshold, "window": "1m"}


def contract(*objectives: dict[str, Any], consumer: str = "shop", model: str = "m") -> Contract:
    named = [{**one, "name": f"o{index}"} for index, one in enumerate(objectives)]
    return Contract.model_validate(
        {
            "name": "c",
            "consumer": consumer,
            "model": {"name": model},
            "objectives": named or [objective("auc", ">", 0.5)],
        }
    )


def keeps(
    stage: str, promise: dict[str, Any], facts: dict[str, Any], duration_s: float = 0.0, own_s: float = 0.0
) -> bool:
    rules = KeepRules.for_stage([contract(promise)], stage)
    ended = Ended({**OK, **facts}, duration_s, own_s)
    return any(rule.is_broken_by(ended) for rule in rules.find(ended.facts))


@pytest.mark.parametrize(
    ("operator", "at", "above"), [("<", True, True), ("<=", False, True), (">", False, False), (">=", False, False)]
)
def test_a_request_slower_than_any_figure_of_time_may_be(operator: str, at: bool, above: bool) -> None:
    for aggregate in CATALOGUE["response_time"].aggregates:
        promise = objective("response_time", operator, 0.5, aggregate=aggregate)
        assert keeps("web", promise, {}, duration_s=0.5) is at
        assert keeps("web", promise, {}, duration_s=0.501) is above
        assert not keeps("web", promise, {}, duration_s=0.499)


def test_time_of_one_stage_is_told_by_that_stage_and_without_its_calls() -> None:
    promise = objective("stage_time", "<", 0.1, of="preprocess")
    assert keeps("preprocess", promise, {}, duration_s=5, own_s=0.2)
    assert not keeps("preprocess", promise, {}, duration_s=5, own_s=0.05)
    assert not keeps("web", promise, {}, duration_s=5, own_s=5)
    assert not keeps("inference", promise, {}, duration_s=5, own_s=5)


def test_time_of_the_whole_is_too_much_where_one_stage_alone_takes_more() -> None:
    promise = objective("response_time", "<", 0.1)
    assert all(keeps(stage, promise, {}, duration_s=0.2) for stage in a.STAGES)


@pytest.mark.parametrize(
    ("metric", "of", "broken", "fine"),
    [
        ("availability", "", "UNAVAILABLE", "INTERNAL"),
        ("availability", "", "RESOURCE_EXHAUSTED", "OK"),
        ("reliability", "", "INTERNAL", "INVALID_ARGUMENT"),
        ("reliability", "", "DEADLINE_EXCEEDED", "OK"),
        ("deadline_misses", "", "DEADLINE_EXCEEDED", "CANCELLED"),
        ("error_ratio", "", "INVALID_ARGUMENT", "OK"),
        ("error_ratio", "NOT_FOUND", "NOT_FOUND", "INTERNAL"),
    ],
)
def test_one_fault_is_evidence_whatever_the_share(metric: str, of: str, broken: str, fine: str) -> None:
    promise = objective(metric, ">=" if CATALOGUE[metric].direction == "higher" else "<=", 0.5, of)
    assert keeps("web", promise, {a.STATUS: broken})
    assert not keeps("web", promise, {a.STATUS: fine})


VIOLATIONS = {a.DATA_VIOLATIONS: ("category:1:carrier", "reference_range:2:temp: °F")}


@pytest.mark.parametrize(
    ("metric", "operator", "of", "facts", "kept"),
    [
        ("validity", ">", "", VIOLATIONS, True),
        ("validity", ">", "", {a.DATA_VIOLATIONS: ("reference_range:1:temp",)}, False),
        ("validity", ">", "", {}, False),
        ("error_ratios", "<", "", VIOLATIONS, True),
        ("error_ratios", "<", "carrier", VIOLATIONS, True),
        ("error_ratios", "<", "temp: °F", VIOLATIONS, False),
        ("total_errors", "<=", "carrier", VIOLATIONS, True),
        ("out_of_range", "<", "temp: °F", VIOLATIONS, True),
        ("out_of_range", "<", "carrier", VIOLATIONS, False),
        ("out_of_range", "<", "", {a.DATA_VIOLATIONS: ("range:1:temp",)}, True),
        ("completeness", ">=", "", {a.DATA_MISSING_RATIO: 0.6}, True),
        ("completeness", ">=", "", {a.DATA_MISSING_RATIO: 0.1}, False),
        ("none_ratio", "<=", "", {a.DATA_MISSING_RATIO: 0.6}, True),
        ("none_ratio", "<=", "", {a.DATA_MISSING_RATIO: 0.1}, False),
        (
            "none_ratio",
            "<=",
            "temp",
            {
                a.DATA_VALUES: (
                    '{"temp": 1}',
                    '{"temp": null, "x": 1}',
                )
            },
            True,
        ),
        ("none_ratio", "<=", "temp", {a.DATA_VALUES: ('{"temp": 1, "x": null}',)}, False),
        ("null_count", "<=", 'a"b', {a.DATA_VALUES: ('{"a\\"b": null}',)}, True),
        ("null_count", "<=", "", {a.DATA_MISSING_RATIO: 0.01}, True),
        ("total_none", "<=", "", {a.DATA_MISSING_RATIO: 0.0}, False),
        ("image_size", "<", "", {a.IMAGE_WIDTH: 2, a.IMAGE_HEIGHT: 3}, True),
        ("image_width", ">", "", {a.IMAGE_WIDTH: 2}, False),
        ("color_mode", ">=", "L", {a.IMAGE_MODE: "RGB"}, True),
        ("color_mode", ">=", "L", {a.IMAGE_MODE: "L"}, False),
        ("color_mode", "<=", "CMYK", {a.IMAGE_MODE: "CMYK"}, True),
        ("distance", "<", "", {a.DATA_DISTANCE: 0.7}, True),
        ("confidence", ">=", "", {a.ANSWER_CONFIDENCES: (0.9, 0.4)}, True),
        ("confidence", ">=", "", {a.ANSWER_CONFIDENCES: (0.9, 0.5)}, False),
        ("entropy", "<", "", {a.ANSWER_ENTROPIES: (0.1, 0.6)}, True),
        ("entropy", "<", "", {}, False),
    ],
)
def test_what_preprocess_knows(metric: str, operator: str, of: str, facts: dict[str, Any], kept: bool) -> None:
    promise = objective(metric, operator, 0.5, of)
    assert keeps("preprocess", promise, facts) is kept
    assert not keeps("web", promise, facts)


@pytest.mark.parametrize(
    ("metric", "attribute"), [("queue_time", a.QUEUE_MS), ("batch_time", a.BATCH_MS), ("compute_time", a.COMPUTE_MS)]
)
def test_what_inference_knows(metric: str, attribute: str) -> None:
    promise = objective(metric, "<=", 0.05)
    assert keeps("inference", promise, {attribute: 50.1})
    assert not keeps("inference", promise, {attribute: 49.9})
    assert not keeps("preprocess", promise, {attribute: 50.1})


def test_cpu_time_of_one_request_but_not_the_sum_of_all() -> None:
    assert keeps("inference", objective("cpu_time", "<", 0.1, aggregate="mean"), {a.CPU_MS: 120.0})
    assert not keeps("inference", objective("cpu_time", "<", 0.1, aggregate="sum"), {a.CPU_MS: 120.0})


@pytest.mark.parametrize("promise", [objective("accuracy", ">=", 0.9), objective("psi", "<", 0.1, "carrier")])
def test_what_no_request_can_break_alone_has_no_rule(promise: dict[str, Any]) -> None:
    assert all(KeepRules.for_stage([contract(promise)], stage).find(OK) == () for stage in a.STAGES)


def test_a_bound_on_the_better_side_has_no_rule() -> None:
    assert KeepRules.for_stage([contract(objective("response_time", ">", 0.1))], "web").find(OK) == ()


def test_rules_are_those_of_the_consumer_and_of_everyone() -> None:
    slow, slower = objective("response_time", "<", 1), objective("response_time", "<", 2)
    ours = contract(slower, objective("error_ratio", "<", 0.1), consumer="shop")
    rules = KeepRules.for_stage([ours, contract(slow, consumer="*"), contract(slower, model="n")], "web")
    assert sorted(rule.threshold for rule in rules.find(OK)) == [0, 1]
    assert [rule.threshold for rule in rules.find({**OK, a.CONSUMER: "another"})] == [1]
    assert [rule.threshold for rule in rules.find({a.MODEL: "m"})] == [1]
    assert [rule.threshold for rule in rules.find({**OK, a.MODEL: "n"})] == [2]
    assert rules.find({**OK, a.CONSUMER: "another", a.MODEL: "n"}) == ()
    assert rules.find({}) == ()


def test_of_rules_alike_the_tightest_is_enough() -> None:
    times = [objective("response_time", "<", threshold) for threshold in (3, 1, 2)]
    surety = [objective("confidence", ">", threshold) for threshold in (0.3, 0.9, 0.5)]
    rules = KeepRules.for_stage([contract(*times, *surety)], "preprocess").find(OK)
    assert [rule.threshold for rule in rules] == [1, 0.9]


def test_every_metric_named_is_in_the_catalogue() -> None:
    assert CATALOGUE.keys() >= FAULTS
    known = {name for name in CATALOGUE for stage in a.STAGES if samples_of(name, "", stage)}
    assert known >= FAULTS | {"response_time", "stage_time", "confidence", "queue_time", "brightness", "cpu_time"}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
@pytest.mark.parametrize("stage", a.STAGES)
def test_facts_that_are_missing_or_of_another_type_are_no_evidence(name: str, stage: str) -> None:
    samples = samples_of(name, "", stage)
    odd = dict.fromkeys(a.REGISTRY, "odd") | {a.STATUS: "OK"}
    for facts in ({a.STATUS: "OK"}, odd):
        if samples is not None and name not in ("response_time", "stage_time", "color_mode"):
            assert list(samples(Ended(facts, 0, 0))) == []
