"""The pure parts: summaries, answers, errors of inner services."""

import math
from typing import Any

import grpc
import numpy as np
import pytest

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.qoa.v1.quality_pb2 import QualitySummary, Stage, Step
from hallmark.web.v1 import web_pb2
from hallmark_common.errors import DETAILS_KEY, invalid
from hallmark_web.answers import answer_to_dict, tensor_to_dict
from hallmark_web.downstream import downstream_error
from hallmark_web.summary import Timing, web_summary


def test_the_summary_tells_starts_from_web() -> None:
    inner = QualitySummary(
        stages=[
            Stage(name="preprocess", duration_ms=6.0, self_ms=4.0, steps=[Step(name="decode", start_ms=1.0)]),
            Stage(name="inference", duration_ms=2.0, self_ms=2.0, start_ms=3.0),
        ]
    )
    timing = Timing(started_s=10.0, called_s=10.002, answered_s=10.010)

    summary = web_summary(inner, timing, "t-s", "t")

    web, preprocess, inference = summary.stages
    assert (web.name, web.status, web.start_ms) == ("web", "OK", 0.0)
    assert web.duration_ms == pytest.approx(10.0)
    assert web.self_ms == pytest.approx(2.0)
    assert preprocess.start_ms == pytest.approx(2.0 + (8.0 - 6.0) / 2)
    assert preprocess.steps[0].start_ms == pytest.approx(4.0)
    assert inference.start_ms == pytest.approx(6.0)
    assert (summary.prediction_id, summary.trace_id) == ("t-s", "t")
    assert inner.stages[0].start_ms == 0.0


def test_a_stage_longer_than_its_call_starts_with_the_call() -> None:
    inner = QualitySummary(stages=[Stage(name="preprocess", duration_ms=9.0)])

    summary = web_summary(inner, Timing(0.0, 0.001, 0.009), "", "")

    assert summary.stages[1].start_ms == pytest.approx(1.0)


def _answer(**kind: Any) -> web_pb2.PredictResponse:
    return web_pb2.PredictResponse(predictions=[preprocess_pb2.Prediction(**kind)])


def test_each_kind_of_prediction() -> None:
    scores = [preprocess_pb2.ClassScore(label="7", score=0.75), preprocess_pb2.ClassScore(label="1", score=0.25)]
    classes = _answer(classes=preprocess_pb2.Classes(label="7", confidence=0.75, scores=scores))
    probability = _answer(probability=preprocess_pb2.Probability(label="on time", probability=0.25, event="late"))
    number = _answer(number=preprocess_pb2.Number(value=1.5, unit="min"))

    assert answer_to_dict(classes)["prediction"] == {
        "label": "7",
        "confidence": 0.75,
        "scores": [{"label": "7", "score": 0.75}, {"label": "1", "score": 0.25}],
    }
    assert answer_to_dict(probability)["prediction"] == {
        "label": "on time",
        "probability": 0.25,
        "positive": False,
        "event": "late",
    }
    assert answer_to_dict(number)["prediction"] == {"value": 1.5, "unit": "min"}


def test_what_json_has_no_number_for_is_null() -> None:
    number = _answer(number=preprocess_pb2.Number(value=math.inf))
    raw = preprocess_pb2.Tensor(
        name="y", datatype="FP32", shape=[3], contents=np.float32([1, np.nan, -np.inf]).tobytes()
    )

    assert answer_to_dict(number)["prediction"]["value"] is None
    assert tensor_to_dict(raw)["data"] == [1.0, None, None]


@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [
        ("BOOL", "?"),
        ("UINT8", "u1"),
        ("UINT16", "<u2"),
        ("UINT32", "<u4"),
        ("UINT64", "<u8"),
        ("INT8", "i1"),
        ("INT16", "<i2"),
        ("INT32", "<i4"),
        ("INT64", "<i8"),
        ("FP16", "<f2"),
        ("FP32", "<f4"),
        ("FP64", "<f8"),
    ],
)
def test_tensors_of_every_datatype_become_flat_lists(datatype: str, dtype: str) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]], dtype)
    tensor = preprocess_pb2.Tensor(name="y", datatype=datatype, shape=[2, 3], contents=values.tobytes())
    answer = web_pb2.PredictResponse(tensors=[tensor])

    told = answer_to_dict(answer)["prediction"]

    data = values.ravel().tolist()
    assert told == {"outputs": [{"name": "y", "datatype": datatype, "shape": [2, 3], "data": data}]}


def test_tensors_of_bytes_become_texts() -> None:
    contents = b"".join(len(text).to_bytes(4, "little") + text for text in ("é".encode(), b"", b"\xff"))
    tensor = preprocess_pb2.Tensor(name="y", datatype="BYTES", shape=[3], contents=contents)

    assert tensor_to_dict(tensor)["data"] == ["é", "", "\\xff"]


def _rpc_error(code: grpc.StatusCode, details: str, *trailing: Any) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details)


def test_what_our_service_said_is_passed_on() -> None:
    said = invalid("carrier", "{one of} UA", "'ZZ'")

    known = downstream_error(_rpc_error(said.code, said.message, (DETAILS_KEY, said.details())), "preprocess")

    assert (known.code, known.reason, known.message) == (said.code, said.reason, said.message)
    assert known.metadata == said.metadata


@pytest.mark.parametrize("code", list(grpc.StatusCode)[1:], ids=lambda code: code.name)
def test_what_grpc_said_holds_no_addresses(code: grpc.StatusCode) -> None:
    known = downstream_error(_rpc_error(code, "last error: {ipv4:127.0.0.1:50052}"), "preprocess")

    assert known.code is code
    plain = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "UNKNOWN"}
    if code.name in plain | {"INTERNAL", "DATA_LOSS"}:
        assert "50052" not in known.message
        assert "preprocess" in known.message


def test_a_message_over_grpcs_limit_is_too_large() -> None:
    error = _rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (99 vs. 10)")

    assert downstream_error(error, "preprocess").reason == "TOO_LARGE"
