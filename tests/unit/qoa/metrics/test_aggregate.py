"""Aggregates merge exactly, and what is stored of them is read again or refused."""

import zlib

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.distinct import Distinct, K, hash_of
from hallmark_qoa.metrics.exemplar import MOST, Exemplar, worst_of
from tests.support.counted import merged, sketch_of

TEXTS = st.sampled_from(["a", "b", "low:c"])
EXEMPLARS = st.builds(
    Exemplar,
    value=st.sampled_from([0.0, 1.0, 2.5]),
    prediction_id=st.text("01", min_size=2, max_size=4),
    instance=st.integers(0, 2),
    span_id=st.sampled_from(["", "s"]),
    stage=st.just("web"),
    started_ns=st.sampled_from([0, 2**62]),
    detail=st.sampled_from(["", "a", "ä"]),
)


@st.composite
def aggregates(draw: st.DrawFn) -> Aggregate:
    found = Aggregate()
    found.counts.update(draw(st.dictionaries(TEXTS, st.integers(1, 2**40))))
    found.sums.update(draw(st.dictionaries(TEXTS, st.integers().filter(bool))))
    found.tables.update(draw(st.dictionaries(TEXTS, st.dictionaries(TEXTS, st.integers(1, 99), min_size=1))))
    for slot in draw(st.sets(TEXTS)):
        found.sketches[slot] = sketch_of(draw(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9)))
    for slot in draw(st.sets(TEXTS)):
        found.worst[slot] = worst_of(slot, draw(st.sets(EXEMPLARS, min_size=1, max_size=9)))
    found.rows = Distinct(draw(st.lists(st.integers(0, 2**64 - 1), max_size=9)))
    return found


@settings(deadline=None)
@given(aggregates(), aggregates(), aggregates())
def test_merging_is_commutative_and_associative(a: Aggregate, b: Aggregate, c: Aggregate) -> None:
    assert merged([a, b]).encode() == merged([b, a]).encode()
    assert merged([merged([a, b]), c]).encode() == merged([a, merged([b, c])]).encode()
    assert merged([a, Aggregate()]).encode() == a.encode()


@settings(deadline=None)
@given(aggregates())
def test_what_is_encoded_is_decoded(one: Aggregate) -> None:
    assert Aggregate.decode(one.encode()) == one


def test_sums_that_cancel_out_leave_nothing() -> None:
    assert merged([Aggregate(sums={"a": 5}), Aggregate(sums={"a": -5})]).encode() == Aggregate().encode()


@pytest.mark.parametrize(
    ("encoded", "problem"),
    [
        (b"", "not an aggregate"),
        (b"junk", "not an aggregate"),
        (zlib.compress(b"{"), "unexpected end"),
        (zlib.compress(b"7"), "not an aggregate"),
        (
            zlib.compress(orjson.dumps([2, {}, {}, {}, {}, [], {}, ""])),
            "of format 2, expected 1; fold its window again",
        ),
    ],
)
def test_anything_else_is_refused(encoded: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Aggregate.decode(encoded)


def test_worst_are_few() -> None:
    candidates = [Exemplar(float(number), "p", number, "", "", 0, "") for number in range(20)]
    assert [one.value for one in worst_of("x", candidates)] == [19, 18, 17, 16, 15]
    assert [one.value for one in worst_of("low:x", candidates)] == [0, 1, 2, 3, 4]
    assert len(worst_of("x", candidates)) == MOST


@pytest.mark.parametrize("slot", ["x", "low:x"])
@given(order=st.permutations(range(8)))
def test_of_equally_bad_ones_the_same_are_kept_in_any_order(slot: str, order: list[int]) -> None:
    candidates = [Exemplar(1.0, str(number // 2), number % 2, "", "", 0, "") for number in order]
    assert [(one.prediction_id, one.instance) for one in worst_of(slot, candidates)] == [
        ("0", 0), ("0", 1), ("1", 0), ("1", 1), ("2", 0)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, K - 1])
def test_few_different_values_are_counted_exactly(count: int) -> None:
    estimate = Distinct([hash_of(str(number % max(count, 1))) for number in range(2 * count)]).estimate()
    assert (estimate.value, estimate.error) == (count, 0.0)


@pytest.mark.parametrize("count", [K, K + 1, 5_000, 40_000])
def test_many_are_estimated_within_the_stated_error(count: int) -> None:
    parts = [Distinct([hash_of(f"{number}") for number in range(start, count, 3)]) for start in (0, 1, 2, 0)]
    whole = Distinct()
    for part in parts:
        whole.merge(part)
    estimate = whole.estimate()
    assert 0 < estimate.error < 0.1 * count
    assert abs(estimate.value - count) <= estimate.error
    assert whole == Distinct([hash_of(f"{number}") for number in range(count)])
