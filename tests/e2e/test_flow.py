"""A prediction and its quality record through the whole chain, by every way in."""

import base64
from datetime import UTC, datetime
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient import grpc as triton

from hallmark.preprocess.v1.preprocess_pb2 import Images, Input, Table
from hallmark.qoa.v1 import qoa_pb2, qoa_pb2_grpc
from hallmark.qoa.v1.quality_pb2 import QualitySummary
from hallmark.web.v1 import web_pb2, web_pb2_grpc
from hallmark_common import attributes
from hallmark_common.errors import DETAILS_KEY
from tests.support.command import PATIENCE_S
from tests.support.samples import samples
from tests.support.stack import Stack


def sample(model: str) -> dict[str, Any]:
    """The first held-out request that is shipped with a model."""
    return samples(model, 1)[0]


def digit() -> bytes:
    return base64.b64decode(sample("digits")["input"]["image_png_base64"])


def record_of(stack: Stack, prediction_id: str) -> dict[str, Any]:
    """The record, once all of it has come."""

    def asked() -> Any:
        answer = httpx.get(f"{stack.web_url}/v1/records/{prediction_id}", timeout=PATIENCE_S)
        assert answer.status_code in (200, 404), answer.text
        return answer.status_code == 200 and answer.json()["complete"] and answer.json()

    found: dict[str, Any] = stack.until(asked, f"there is a complete record of {prediction_id}")
    return found


def test_an_image_over_rest(stack: Stack) -> None:
    truth = sample("digits")["truth"]
    answer = httpx.post(
        f"{stack.web_url}/v1/models/digits:predict",
        files={"image": ("digit.png", digit(), "image/png")},
        headers={"hallmark-consumer": "shop"},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"prediction", "prediction_id", "trace_id", "model", "quality"}
    assert body["model"] == {"name": "digits", "version": "1", "variant": "default"}
    assert body["prediction"]["label"] == truth
    assert body["prediction_id"].startswith(body["trace_id"] + "-")
    record = record_of(stack, body["prediction_id"])
    assert record["complete"] is True
    assert record["missing_stages"] == []
    assert (record["consumer"], record["model"], record["version"], record["variant"]) == (
        "shop",
        "digits",
        "1",
        "default",
    )
    assert (record["status"], record["trace_id"]) == ("OK", body["trace_id"])
    assert [stage["name"] for stage in record["stages"]] == ["web", "preprocess", "inference"]
    assert record["prediction"]["label"] == truth
    assert record["prediction"]["confidence"] == pytest.approx(body["prediction"]["confidence"])
    assert record["data"]["image"]["width"] == 28
    assert record["inference"]["batch_size"] == 1
    assert record["truth"] is None
    assert record["verdicts"] == []


def test_times_of_stages_add_up(stack: Stack) -> None:
    body = httpx.post(f"{stack.web_url}/v1/models/flights:predict", json=sample("flights")["input"]).json()
    record = record_of(stack, body["prediction_id"])
    web, preprocess, inference = record["stages"]
    assert record["duration_ms"] == web["duration_ms"]
    assert web["duration_ms"] > preprocess["duration_ms"] > inference["duration_ms"] > 0
    for stage in record["stages"]:
        assert 0 < stage["self_ms"] <= stage["duration_ms"]
    assert web["self_ms"] + preprocess["duration_ms"] <= web["duration_ms"]
    names = {stage["name"]: [step["name"] for step in stage["steps"]] for stage in record["stages"]}
    assert {"decode", "validate", "transform", "answer"} <= set(names["preprocess"])
    assert {"queue", "batch", "compute"} <= set(names["inference"])
    summary = {stage["name"] for stage in body["quality"]["stages"]}
    assert summary == {"web", "preprocess", "inference"}


def test_a_table_over_rest_and_several_rows(stack: Stack) -> None:
    row = sample("flights")["input"]["instances"][0]
    one = httpx.post(f"{stack.web_url}/v1/models/flights:predict", json={"instances": [row]}).json()
    assert 0 <= one["prediction"]["probability"] <= 1
    many = httpx.post(f"{stack.web_url}/v1/models/flights:predict", json={"instances": [row, row, row]}).json()
    assert [p["probability"] for p in many["prediction"]] == pytest.approx([one["prediction"]["probability"]] * 3)
    record = record_of(stack, many["prediction_id"])
    assert record["data"]["instances"] == 3
    assert len(record["prediction"]["values"]) == 3
    assert record["inference"]["batch_size"] == 3
    assert record["instances"][0]["carrier"] == row["carrier"]


def test_the_bad_model_always_says_the_same(stack: Stack) -> None:
    rows = [row["input"]["instances"][0] for row in samples("flights", 20)]
    answer = httpx.post(f"{stack.web_url}/v1/models/flights-bad:predict", json={"instances": rows}).json()
    assert len({p["probability"] for p in answer["prediction"]}) == 1
    answer = httpx.post(f"{stack.web_url}/v1/models/flights:predict", json={"instances": rows}).json()
    assert len({p["probability"] for p in answer["prediction"]}) > 10


def test_grpc_answers_with_trailers(stack: Stack) -> None:
    with grpc.insecure_channel(stack.settings.target("web")) as channel:
        stub = web_pb2_grpc.PredictionServiceStub(channel)
        request = web_pb2.PredictRequest(model="digits", input=Input(images=Images(files=[digit()])))
        answer, call = stub.Predict.with_call(request, metadata=((attributes.CONSUMER_KEY, "lab"),), timeout=10)
    trailing = dict(call.trailing_metadata())
    assert trailing[attributes.PREDICTION_ID_KEY] == answer.prediction_id
    summary = QualitySummary.FromString(trailing[attributes.QUALITY_KEY])
    assert summary.prediction_id == answer.prediction_id
    assert summary.prediction.labels == [answer.predictions[0].classes.label]
    assert record_of(stack, answer.prediction_id)["consumer"] == "lab"


def test_every_message_of_a_stream_is_a_prediction_of_its_own(stack: Stack) -> None:
    row = sample("flights")["input"]["instances"][0]
    table = Table()
    table.rows.add().update(row)
    requests = [
        web_pb2.PredictStreamRequest(
            request_id=str(i), request=web_pb2.PredictRequest(model=name, input=Input(table=table))
        )
        for i, name in enumerate(["flights", "nowhere", "flights"])
    ]
    with grpc.insecure_channel(stack.settings.target("web")) as channel:
        stub = web_pb2_grpc.PredictionServiceStub(channel)
        metadata = ((attributes.CONSUMER_KEY, "stream"),)
        answers = {a.request_id: a for a in stub.PredictStream(iter(requests), metadata=metadata, timeout=10)}
    assert answers["1"].error.code == "NOT_FOUND"
    assert answers["1"].error.metadata["field"] == "model"
    ids = [answers["0"].response.prediction_id, answers["1"].error.prediction_id, answers["2"].response.prediction_id]
    assert len(set(ids)) == 3
    records = [record_of(stack, prediction_id) for prediction_id in ids]
    assert [record["status"] for record in records] == ["OK", "NOT_FOUND", "OK"]
    assert all(record["complete"] for record in records)
    assert [record["consumer"] for record in records] == ["stream"] * 3


def test_event_time_is_the_requests_own(stack: Stack) -> None:
    happened = datetime(2013, 7, 4, 12, 30, tzinfo=UTC)
    row = sample("flights")["input"]["instances"][0]
    body = httpx.post(
        f"{stack.web_url}/v1/models/flights:predict", json={"instances": [row], "event_time": happened.isoformat()}
    ).json()
    record = record_of(stack, body["prediction_id"])
    assert datetime.fromisoformat(record["event_time"]) == happened
    assert datetime.fromisoformat(record["started_at"]).year >= 2024
    stamp = Timestamp()
    stamp.FromDatetime(happened)
    table = Table()
    table.rows.add().update(row)
    request = web_pb2.PredictRequest(model="flights", input=Input(table=table), event_time=stamp)
    with grpc.insecure_channel(stack.settings.target("web")) as channel:
        answer = web_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=10)
    assert datetime.fromisoformat(record_of(stack, answer.prediction_id)["event_time"]) == happened


def test_a_stock_oip_client_in_the_same_process(stack: Stack) -> None:
    client = triton.InferenceServerClient(stack.settings.target("inference"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("digits")
    metadata = client.get_model_metadata("digits")
    image = triton.InferInput(metadata.inputs[0].name, [2, 1, 28, 28], "FP32")
    image.set_data_from_numpy(np.zeros((2, 1, 28, 28), np.float32))
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    result = client.infer("digits", [image], headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    assert result.as_numpy(metadata.outputs[0].name).shape == (2, 10)
    client.close()
    record = record_of(stack, trace_id)
    assert record["complete"] is True
    assert record["entry_stage"] == "inference"
    assert [stage["name"] for stage in record["stages"]] == ["inference"]
    assert record["inference"]["batch_size"] == 2


def test_a_callers_trace_holds_many_predictions(stack: Stack) -> None:
    trace_id = "1af7651916cd43dd8448eb211c80319c"
    row = sample("flights")["input"]["instances"][0]
    ids = []
    for _ in range(2):
        headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01", "baggage": "hallmark.consumer=admin"}
        body = httpx.post(f"{stack.web_url}/v1/models/flights:predict", json={"instances": [row]}, headers=headers)
        ids.append(body.json()["prediction_id"])
    assert len(set(ids)) == 2
    assert {record_of(stack, prediction_id)["trace_id"] for prediction_id in ids} == {trace_id}
    assert record_of(stack, ids[0])["consumer"] == "anonymous"
    with grpc.insecure_channel(stack.settings.target("qoa")) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            qoa_pb2_grpc.QoaServiceStub(channel).GetRecord(qoa_pb2.GetRecordRequest(prediction_id=trace_id), timeout=5)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_a_refused_request_has_a_record_too(stack: Stack) -> None:
    row = {**sample("flights")["input"]["instances"][0], "distance": "far"}
    answer = httpx.post(f"{stack.web_url}/v1/models/flights:predict", json={"instances": [row]})
    assert answer.status_code == 400
    body = answer.json()
    assert body["error"]["code"] == "INVALID_ARGUMENT"
    assert "distance" in body["error"]["field"]
    assert body["error"]["expected"]
    assert body["error"]["got"]
    record = record_of(stack, body["prediction_id"])
    assert (record["status"], record["reason"]) == ("INVALID_ARGUMENT", body["error"]["reason"])
    assert record["complete"] is True
    assert [stage["name"] for stage in record["stages"]] == ["web", "preprocess"]
    assert {(v["field"], v["kind"]) for v in record["data"]["violations"]} == {("distance", "type")}
    assert record["prediction"] is None


def test_a_deadline_travels_and_is_recorded(stack: Stack) -> None:
    with grpc.insecure_channel(stack.settings.target("web")) as channel:
        stub = web_pb2_grpc.PredictionServiceStub(channel)
        request = web_pb2.PredictRequest(model="digits", input=Input(images=Images(files=[digit()])))
        trace_id = "2af7651916cd43dd8448eb211c80319c"
        metadata = (("traceparent", f"00-{trace_id}-b7ad6b7169203331-01"),)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(request, metadata=metadata, timeout=0.0005)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_reflection_lists_what_can_be_called(stack: Stack) -> None:
    wanted = {
        "web": "hallmark.web.v1.PredictionService",
        "preprocess": "hallmark.preprocess.v1.PreprocessService",
        "inference": "inference.GRPCInferenceService",
        "qoa": "hallmark.qoa.v1.QoaService",
    }
    for service, name in wanted.items():
        with grpc.insecure_channel(stack.settings.target(service)) as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            assert name in database.get_services()
            assert database.FindFileContainingSymbol(name).package == name.rpartition(".")[0]


def test_errors_leak_no_internals(stack: Stack) -> None:
    with grpc.insecure_channel(stack.settings.target("preprocess")) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/hallmark.preprocess.v1.PreprocessService/Predict")(b"\xff\xff\xff", timeout=5)
        assert "Traceback" not in str(caught.value.details())
        assert "/" not in str(caught.value.details()).replace("hallmark.", "")
        assert DETAILS_KEY == "grpc-status-details-bin"
