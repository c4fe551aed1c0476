"""The assembler is bounded in memory and accounts for every span."""

from collections import Counter
from typing import Any

import pytest

from hallmark_qoa.assemble import Assembler
from hallmark_qoa.decode import decode
from hallmark_qoa.facts import CLIENT, SpanFacts


def open_span(number: int, prediction: int) -> SpanFacts:
    """A span of a prediction whose entry never comes."""
    identity = f"{prediction:032x}-{1:016x}"
    return SpanFacts(identity, f"{number + 2:016x}", "", "web", "x", CLIENT, 1, 2, "", "preprocess", "", ())


def assembler(**options: Any) -> Assembler:
    return Assembler(**{"idle_timeout_s": 5.0, "max_pending_spans": 1000, **options})


def test_complete_prediction_is_ready_at_once(otlp: Any) -> None:
    spans = decode(otlp.request(otlp.prediction())).spans
    (group,) = assembler().add(spans, 0.0)
    assert set(group.spans) == set(spans)


def test_idle_prediction_is_ready_after_the_timeout_without_a_new_span(otlp: Any) -> None:
    first, second, *_ = decode(otlp.request(otlp.prediction())).spans
    one = assembler()
    assert one.add([first], 0.0) == []
    assert one.add([second], 4.0) == []
    assert one.add([second], 6.0) == []  # a duplicate is no sign of life
    assert one.tick(8.9) == []
    (group,) = one.tick(9.0)
    assert set(group.spans) == {first, second}
    assert one.pending_spans == 0


def test_late_span_of_a_recent_prediction_is_ready_at_once(otlp: Any) -> None:
    *spans, late = decode(otlp.request(otlp.prediction())).spans
    one = assembler()
    one.add(spans, 0.0)
    (group,) = one.add([late], 1.0)
    assert group.spans == (late,)


def test_late_span_of_a_forgotten_prediction_is_ready_after_the_timeout(otlp: Any) -> None:
    *spans, late = decode(otlp.request(otlp.prediction())).spans
    one = assembler(max_recent=0)
    one.add(spans, 0.0)
    assert one.add([late], 1.0) == []
    assert [group.spans for group in one.tick(6.0)] == [(late,)]


def test_restored_groups_come_out_again() -> None:
    one = assembler()
    one.add([open_span(1, 1)], 0.0)
    groups = one.tick(5.0)
    one.restore(groups, 5.0)
    assert one.pending_spans == 1
    assert one.tick(10.0) == groups


def test_flush_hands_out_everything() -> None:
    one = assembler()
    one.add([open_span(i, i % 3) for i in range(9)], 0.0)
    assert sum(len(group.spans) for group in one.flush()) == 9
    assert one.pending_spans == 0


@pytest.mark.parametrize("predictions", [1, 7, 200_000])
def test_memory_is_bounded_when_predictions_never_finish(predictions: int) -> None:
    one = assembler(max_pending_spans=5000)
    out: Counter[str] = Counter()
    for start in range(0, 200_000, 500):
        groups = one.add([open_span(i, i % predictions) for i in range(start, start + 500)], 0.0)
        out["spans"] += sum(len(group.spans) for group in groups)
        assert one.pending_spans <= 5000
        assert len(one._pending) <= 5000
        assert len(one._recent) <= 50_000
    assert out["spans"] + one.pending_spans + one.counters.spans["over_cap"] == 200_000
    assert (one.counters.records["evicted"] > 0) == (predictions > 1)


def test_cap_keeps_the_same_spans_in_every_order(otlp: Any) -> None:
    stage = decode(otlp.request(otlp.prediction())).spans[2]
    many = [open_span(i, 1)._replace(calls="") for i in range(3000)]
    many.append(stage._replace(prediction=many[0].prediction))
    found = []
    for order in (many, many[::-1], many[1500:] + many[:1500]):
        one = assembler(max_pending_spans=10_000)
        for start in range(0, len(order), 100):
            one.add(order[start : start + 100], 0.0)
        (group,) = one.flush()
        assert len(group.spans) == 512
        found.append(set(group.spans))
    assert found[0] == found[1] == found[2]
    assert many[-1] in found[0]
