"""Decode takes what is usable, counts what is not, and never fails."""

from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hallmark_common import attributes
from hallmark_qoa.decode import decode
from hallmark_qoa.derive import derive
from hallmark_qoa.facts import decode_spans, encode_spans

_STORED_BY_0_1 = (
    '[["00000000000000f0","","hallmark-web","Predict",2,1790000000000000000,1790000000100000000,"web","","acme",'
    '[["hallmark.answer.labels",["zwölf","a \\"b\\"\\n"]],["hallmark.answer.confidences",[1e-07,1e+16,0.1]],'
    '["hallmark.event_time",9223372036854775807]]],'
    '["00000000000000f1","00000000000000f0","hallmark-web","call",3,1790000000000000001,1790000000000000002,"",'
    '"preprocess","",[]]]'
).encode()
"""As json.JSONEncoder wrote it, before orjson did."""


def test_spans_of_no_prediction_are_counted_only(otlp: Any) -> None:
    request = otlp.request([("other", Span(name="GET /"))])
    decoded = decode(request)
    assert (decoded.spans, decoded.received, decoded.skipped) == ([], 1, {"no_prediction": 1})
    assert decoded.malformed == 0


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("span_id", {"span_id": b""}),
        ("span_id", {"span_id": bytes(8)}),
        ("span_id", {"span_id": b"1" * 9}),
        ("trace_id", {"trace_id": b""}),
        ("trace_id", {"trace_id": b"2" * 16}),
        ("time", {"end_time_unix_nano": 0}),
        ("time", {"start_time_unix_nano": 0}),
        ("time", {"start_time_unix_nano": 2**63, "end_time_unix_nano": 2**64 - 1}),
        ("time", {"end_time_unix_nano": 5}),
    ],
)
def test_malformed_spans_are_skipped(otlp: Any, reason: str, change: dict[str, Any]) -> None:
    service, span = otlp.prediction()[0]
    for field, value in change.items():
        setattr(span, field, value)
    decoded = decode(otlp.request([(service, span), otlp.prediction()[1]]))
    assert decoded.skipped == {reason: 1}
    assert (len(decoded.spans), decoded.malformed) == (1, 1)


@pytest.mark.parametrize(
    "name", ["", "x", "0" * 32 + "-" + "1" * 16, "A" * 32 + "-" + "1" * 16, "1" * 49, 7, True, [""]]
)
def test_wrong_prediction_ids_are_malformed(otlp: Any, name: object) -> None:
    decoded = decode(otlp.request([otlp.span(otlp.name(1, 1), 1, 0, 0, 1, prediction=name)]))
    assert decoded.skipped == {"prediction_id": 1}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("status", 3),
        ("status", "FINE"),
        ("stage", "kitchen"),
        ("batch_size", -1),
        ("batch_size", 2**32),
        ("batch_size", 1.5),
        ("batch_size", True),
        ("queue_ms", float("nan")),
        ("queue_ms", float("inf")),
        ("queue_ms", "1"),
        ("data_violations", ["no such form"]),
        ("data_violations", "range:1:x"),
        ("answer_labels", [1]),
        ("answer_confidences", [0.5, "x"]),
    ],
)
def test_wrong_values_are_left_out_and_counted(otlp: Any, attribute: str, value: object) -> None:
    name = otlp.name(1, 1)
    decoded = decode(otlp.request([otlp.span(name, 1, 0, 0, 1, **{"stage": "inference", attribute: value})]))
    assert decoded.clipped == {"attribute": 1}
    assert getattr(attributes, attribute.upper()) not in dict(decoded.spans[0].facts)
    derive(name, decoded.spans)


def test_long_values_are_cut_short_and_counted(otlp: Any) -> None:
    long = {"answer_labels": ["x" * 300] * 300, "data_values": ["y" * 20_000, '{"a": 1}'], "reason": "r" * 10**6}
    decoded = decode(otlp.request([otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web", name="n" * 999, **long)]))
    facts = dict(decoded.spans[0].facts)
    assert facts[attributes.ANSWER_LABELS] == ("x" * 256,) * 256
    assert facts[attributes.DATA_VALUES] == ("{}", '{"a": 1}')
    assert len(facts[attributes.REASON]) == len(decoded.spans[0].name) == 256
    assert decoded.clipped == {"long_list": 1, "long_text": 258, "long_row": 1}


def test_what_is_cut_short_is_counted_for_every_span(otlp: Any) -> None:
    spans = [otlp.span(otlp.name(1, 1), number, 0, 0, 1, stage="web", reason="r" * 999) for number in (1, 2, 3)]
    assert decode(otlp.request(spans)).clipped == {"long_text": 3}


@pytest.mark.parametrize(("value", "expected"), [(0.5, 0.5), (-0.0, 0.0), (3, 3.0), (1e-300, 1e-300)])
def test_doubles_are_read_as_they_are(otlp: Any, value: float, expected: float) -> None:
    (span,) = decode(otlp.request([otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web", queue_ms=value)])).spans
    assert repr(dict(span.facts)[attributes.QUEUE_MS]) == repr(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5], (0.5,)),
        ([-0.0], (0.0,)),
        ([3], (3.0,)),
        ([], ()),
        ([0.5, -0.0], (0.5, 0.0)),
        ([0.25] * 300, (0.25,) * 256),
        ([float("nan")], None),
        ([0.5, float("inf")], None),
        ([[0.5]], None),
    ],
)
def test_arrays_of_doubles_are_read_as_they_are(
    otlp: Any, values: list[Any], expected: tuple[float, ...] | None
) -> None:
    spans = [otlp.span(otlp.name(1, 1), number, 0, 0, 1, stage="web", answer_confidences=values) for number in (1, 2)]
    decoded = decode(otlp.request(spans))
    assert [repr(dict(span.facts).get(attributes.ANSWER_CONFIDENCES)) for span in decoded.spans] == [repr(expected)] * 2
    assert decoded.clipped == ({"attribute": 2} if expected is None else {"long_list": 2} if len(values) > 256 else {})


@pytest.mark.parametrize("key", ["", "x", "hallmark", "k" * 115, "k" * 243, "k" * 244, "k" * 300])
def test_doubles_of_other_attributes_are_passed_over(otlp: Any, key: str) -> None:
    service, span = otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web")
    span.attributes.add(key=key).value.double_value = 1.5
    decoded = decode(otlp.request([(service, span)]))
    assert (decoded.spans[0].facts, decoded.clipped) == ((), {})


def test_key_that_looks_like_an_attribute_and_a_double_is_passed_over(otlp: Any) -> None:
    service, span = otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web")
    span.attributes.add(key=f"{attributes.QUEUE_MS}\x12\x09!12345678")
    assert decode(otlp.request([(service, span)])).spans[0].facts == ()


def test_value_of_a_double_that_looks_like_more_is_one(otlp: Any) -> None:
    service, span = otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web", queue_ms=1.0)
    span.attributes[-1].value.MergeFromString(b"\x0a\x09!12345678")  # a string after the double takes its place
    (facts,) = decode(otlp.request([(service, span)])).spans
    assert facts.facts == ()


def test_array_with_a_double_that_looks_like_more_is_one(otlp: Any) -> None:
    service, span = otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web", answer_values=[1.0])
    span.attributes[-1].value.array_value.values[0].MergeFromString(b"\x0a\x09!12345678")
    decoded = decode(otlp.request([(service, span)]))
    assert (decoded.spans[0].facts, decoded.clipped) == ((), {"attribute": 1})


def test_attributes_are_kept_of_stages_only(otlp: Any) -> None:
    (span,) = decode(otlp.request([otlp.span(otlp.name(1, 1), 2, 1, 0, 1, queue_ms=1.0)])).spans
    assert span.facts == ()


def test_stored_form_is_the_same_spans(otlp: Any) -> None:
    spans = decode(otlp.request(otlp.prediction())).spans
    stored = decode_spans(spans[0].prediction, encode_spans(spans))
    assert stored == tuple(sorted(spans, key=lambda span: span.span_id))
    assert encode_spans(stored) == encode_spans(spans)


def test_spans_that_were_stored_by_an_earlier_version_are_read() -> None:
    spans = decode_spans("p", _STORED_BY_0_1)
    assert [span.span_id for span in spans] == ["00000000000000f0", "00000000000000f1"]
    assert spans[0].facts == (
        ("hallmark.answer.labels", ("zwölf", 'a "b"\n')),
        ("hallmark.answer.confidences", (1e-07, 1e16, 0.1)),
        ("hallmark.event_time", 9223372036854775807),
    )
    assert decode_spans("p", encode_spans(spans)) == spans


def test_what_is_no_request_is_said_to_be_none(otlp: Any) -> None:
    broken = otlp.request([otlp.span(otlp.name(1, 1), 1, 0, 0, 1, stage="web")])
    key = attributes.STAGE.encode()
    assert broken.count(key) == 1
    for body in (b"\xff\xff", broken[:-1], broken.replace(key, b"\xff" * len(key))):
        with pytest.raises(DecodeError):
            decode(body)


def _mutated(data: st.DataObject, otlp: Any) -> bytes:
    body = bytearray(otlp.request(otlp.prediction(shape=data.draw(st.sampled_from(otlp.SHAPES)))))
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=12)):
        body[place] = data.draw(st.integers(0, 255))
    return bytes(body)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_bytes_are_read_as_the_message_that_they_encode(data: st.DataObject, otlp: Any) -> None:
    body = _mutated(data, otlp)
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return
    assert decode(body) == decode(request.SerializeToString())


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_mutated_bytes_never_break_decode_or_derive(data: st.DataObject, otlp: Any) -> None:
    try:
        decoded = decode(_mutated(data, otlp))
    except DecodeError:
        return
    assert len(decoded.spans) + decoded.skipped.total() == decoded.received
    for name in {span.prediction for span in decoded.spans}:
        mine = [span for span in decoded.spans if span.prediction == name]
        record = derive(name, mine).SerializeToString(deterministic=True)
        assert (
            derive(name, decode_spans(name, encode_spans(mine))[::-1]).SerializeToString(deterministic=True) == record
        )
