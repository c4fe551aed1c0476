"""The service end to end, over real gRPC and a real inference server."""

import asyncio
import io
import json
import math
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from PIL import Image

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark_common import attributes as names
from hallmark_common.errors import DETAILS_KEY


def images(*files: bytes) -> dict[str, Any]:
    return {"images": preprocess_pb2.Images(files=files)}


def as_json(*instances: object) -> dict[str, Any]:
    return {"json": json.dumps(instances).encode()}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


PERSON = {"age": 60.0, "city": "Rome", "note": "public"}


async def test_image_is_answered_with_quality_and_facts(service: Any) -> None:
    response = await service.predict("bright", **images(png(Image.new("L", (9, 5), 102))))
    assert response.predictions[0].number.value == pytest.approx(102)
    assert response.predictions[0].number.unit == "grey level"
    quality = response.quality
    assert (quality.data.instances, quality.data.image.width, quality.data.image.height) == (1, 9, 5)
    assert quality.data.image.brightness == pytest.approx(0.4)
    assert not quality.data.HasField("distance")
    assert (quality.model.name, quality.model.version, quality.model.variant) == ("bright", "1", "default")
    assert quality.inference.batch_size == 1
    assert quality.inference.compute_ms > 0
    span = await service.stage_span()
    assert span.attributes[names.IMAGE_WIDTH] == 9
    assert span.attributes[names.IMAGE_FORMAT] == "PNG"
    assert span.attributes[names.ANSWER_VALUES] == pytest.approx((102.0,))


async def test_stages_and_steps_of_the_summary_fit_into_each_other(service: Any) -> None:
    response = await service.predict("risk", **as_json(PERSON))
    preprocess, inference = response.quality.stages
    assert [preprocess.name, inference.name] == ["preprocess", "inference"]
    assert [step.name for step in preprocess.steps] == ["decode", "validate", "transform", "answer"]
    transform, answer = preprocess.steps[2:]
    assert transform.start_ms + transform.duration_ms < inference.start_ms
    assert inference.start_ms + inference.duration_ms < answer.start_ms
    # The rest is the way to inference and back, which is nobody's own time.
    assert preprocess.self_ms + inference.duration_ms < preprocess.duration_ms
    assert preprocess.self_ms >= sum(step.duration_ms for step in preprocess.steps)
    facts = response.quality.inference
    assert inference.self_ms == pytest.approx(facts.queue_ms + facts.batch_ms + facts.compute_ms)
    assert inference.duration_ms == inference.self_ms


async def test_steps_are_child_spans_of_the_stage(service: Any) -> None:
    await service.predict("risk", **as_json(PERSON))
    stage = await service.stage_span()
    children = [
        span.name
        for span in service.spans.get_finished_spans()
        if span.parent and span.parent.span_id == stage.context.span_id and span.kind.name == "INTERNAL"
    ]
    assert children == ["decode", "validate", "transform", "answer"]


async def test_steps_run_on_a_thread_belong_to_the_stage_too(service: Any) -> None:
    await service.predict("bright", **images(png(Image.effect_noise((400, 400), 90))))
    stage = await service.stage_span()
    decode = next(span for span in service.spans.get_finished_spans() if span.name == "decode")
    assert decode.parent is not None
    assert decode.parent.span_id == stage.context.span_id


async def test_table_over_proto_and_json_are_the_same(service: Any) -> None:
    table = preprocess_pb2.Table()
    table.rows.add().update(PERSON)
    over_proto = await service.predict("risk", table=table)
    over_json = await service.predict("risk", **as_json(PERSON))
    expected = 1 / (1 + math.exp(-float(np.array([2.0, 0.0, 1.0, 1.0]) @ [0.5, 1.0, -1.0, 0.25])))
    for response in (over_proto, over_json):
        assert response.predictions[0].probability.probability == pytest.approx(expected, rel=1e-5)
        assert response.predictions[0].probability.label == "risky"
        assert response.quality.prediction.labels[0] == ("risky" if expected >= 0.5 else "safe")


async def test_profile_gives_distance_and_departures(service: Any) -> None:
    response = await service.predict("risk", **as_json({**PERSON, "age": 90.0}))
    # Ages 20 to 60: median 40, IQR 20. Bern is all that was seen, and public all of the notes.
    expected = (50 / (20 / 1.349) + 10 + 0) / 3
    assert response.quality.data.distance == pytest.approx(expected)
    found = {(item.kind, item.field) for item in response.quality.data.violations}
    assert found == {("reference_range", "age"), ("category", "city")}


async def test_classes_of_the_version_that_was_asked(service: Any) -> None:
    instance = [1.0, 2.0, 4.0]
    first = await service.predict("pick", **as_json(instance))
    second = await service.predict("pick", version="2", **as_json(instance))
    assert (first.predictions[0].classes.label, first.quality.model.version) == ("blue", "1")
    assert (second.predictions[0].classes.label, second.quality.model.version) == ("red", "2")
    total = sum(score.score for score in first.predictions[0].classes.scores)
    assert total == pytest.approx(1)


async def test_raw_tensors_come_back(service: Any) -> None:
    contents = b"\x02\x00\x00\x00hi\x00\x00\x00\x00"
    tensor = preprocess_pb2.Tensor(name="x", datatype="BYTES", shape=[1, 2], contents=contents)
    response = await service.predict("words", tensors=preprocess_pb2.Tensors(tensors=[tensor]))
    assert not response.predictions
    assert response.tensors[0].name == "y"
    assert response.tensors[0].contents == contents


async def test_prediction_id_is_that_of_the_entry_span(service: Any) -> None:
    response = await service.predict("pick", **as_json([1.0, 2.0, 3.0]))
    span = await service.stage_span()
    assert response.quality.prediction_id == f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
    assert response.quality.trace_id == f"{span.context.trace_id:032x}"


@pytest.mark.parametrize(
    ("moment", "recorded"),
    [
        (Timestamp(seconds=1_372_680_000, nanos=5), 1_372_680_000_000_000_005),
        (Timestamp(seconds=2**62), None),
        (Timestamp(seconds=-1), None),
        (None, None),
    ],
)
async def test_time_of_the_event_is_on_the_span(service: Any, moment: Timestamp | None, recorded: int | None) -> None:
    given = preprocess_pb2.Input(**as_json([1.0, 2.0, 3.0]))
    await service.stub.Predict(preprocess_pb2.PredictRequest(model="pick", input=given, event_time=moment))
    assert (await service.stage_span()).attributes.get(names.EVENT_TIME) == recorded


@pytest.mark.parametrize("model", ["nope", "", "../pick", "x" * 100_000, "pick\n", "日本"])
async def test_unknown_model(service: Any, model: str) -> None:
    code, info, message = await service.refused(model, **as_json([1.0, 2.0, 3.0]))
    assert code is grpc.StatusCode.NOT_FOUND
    assert info.metadata["field"] == "model"
    assert "bright, odd, pick, risk, words" in message
    span = await service.stage_span()
    assert len(span.attributes[names.MODEL]) <= 64


async def test_unknown_version_lists_what_there_is(service: Any) -> None:
    code, info, message = await service.refused("pick", version="3", **as_json([1.0, 2.0, 3.0]))
    assert (code, info.reason) == (grpc.StatusCode.NOT_FOUND, "VERSION_NOT_FOUND")
    assert "1, 2" in message


@pytest.mark.parametrize(("model", "wanted"), [("bright", "images"), ("risk", "table"), ("pick", "tensors")])
async def test_input_that_does_not_fit_the_model(service: Any, model: str, wanted: str) -> None:
    given = {"bright": {"table": preprocess_pb2.Table()}}.get(model, images(b"x"))
    for input_ in (given, {}):
        code, info, _ = await service.refused(model, **input_)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert info.metadata["field"] == "input"
        assert info.metadata["expected"].startswith(f"{wanted} or json")


async def test_a_rejected_request_leaves_all_its_violations_on_the_span(service: Any) -> None:
    rows = [{"age": -1, "city": "Oslo", "note": "public"}, {"age": "old", "note": None}]
    code, info, message = await service.refused("risk", **as_json(*rows))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert info.metadata["field"] == "instances[0].age"
    assert message.endswith("(and 3 more)")
    span = await service.stage_span()
    assert set(span.attributes[names.DATA_VIOLATIONS]) == {
        "range:1:age",
        "type:1:age",
        "category:1:city",
        "missing:1:city",
        "missing:1:note",
        "reference_range:1:age",
    }
    assert span.attributes[names.DATA_INSTANCES] == 2
    assert span.attributes[names.MODEL_VERSION] == "1"
    assert span.attributes[names.MODEL_VARIANT] == "champion"
    assert span.attributes[names.STATUS] == "INVALID_ARGUMENT"
    assert span.status.is_unset


async def test_hashed_and_unrecorded_values_are_on_no_span(service: Any) -> None:
    await service.predict("risk", **as_json({"age": 33.0, "city": "Zanzibar", "note": "secret"}))
    await service.refused("risk", **as_json({"age": 33.0, "city": "Zanzibar", "note": "secretest", "Zanzibar": 1}))
    await service.refused("risk", **as_json({"age": 33.0, "city": ["Zanzibar"], "note": {"secretest": 1}}))
    await service.stage_span()
    text = "".join(f"{span.to_json()}{span.status.description}" for span in service.spans.get_finished_spans())
    assert "33.0" in text
    assert "Zanzibar" not in text
    assert "secret" not in text


async def test_an_answer_that_is_not_as_declared_is_internal_and_says_so(service: Any) -> None:
    code, info, message = await service.refused("odd", **as_json([0.1, 0.2, 0.3]))
    assert (code, info.reason) == (grpc.StatusCode.INTERNAL, "MODEL_OUTPUT")
    assert message == "model odd, output y: expected shape [1, 2], got [1, 3]"
    span = await service.stage_span()
    assert span.attributes[names.DATA_INSTANCES] == 1
    assert span.attributes[names.REASON] == "MODEL_OUTPUT"


async def test_inference_that_is_gone_is_unavailable_and_bad_input_still_invalid(service: Any) -> None:
    await service.inference.close()
    code, info, message = await service.refused("pick", **as_json([1.0, 2.0, 3.0]))
    assert (code, info.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
    assert "127.0.0.1" not in message
    code, _, _ = await service.refused("risk", **as_json({**PERSON, "age": 1e9}))
    assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_list_models_says_what_each_takes(service: Any) -> None:
    response = await service.stub.ListModels(preprocess_pb2.ListModelsRequest())
    found = {model.name: model for model in response.models}
    assert list(found) == ["bright", "odd", "pick", "risk", "words"]
    assert found["bright"].example_json == ""
    assert list(found["pick"].versions) == ["1", "2"]
    assert [column.name for column in found["risk"].columns] == ["age", "city", "note"]
    assert found["risk"].labels == ["risky"]
    assert found["pick"].tensors[0].shape == [-1, 3]
    for name in ("pick", "risk", "words"):
        instances = json.loads(found[name].example_json)["instances"]
        await service.predict(name, **as_json(*instances))


async def test_a_large_image_does_not_stall_others(service: Any) -> None:
    large = png(Image.effect_noise((3000, 3000), 90))
    slow = asyncio.create_task(service.predict("bright", **images(large)))
    small = png(Image.new("L", (4, 4), 7))
    answered = 0
    while not slow.done():
        await service.predict("bright", **images(small))
        answered += 1
    response = await slow
    assert answered >= 3
    assert response.quality.data.image.width == 3000


async def test_details_are_under_the_key_of_the_status(service: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.predict("nope")
    assert DETAILS_KEY in dict(caught.value.trailing_metadata())


async def test_many_instances_are_answered_in_order(service: Any) -> None:
    instances = [[float(index % 3 == label) * 50 for label in range(3)] for index in range(1024)]
    response = await service.predict("pick", **as_json(*instances))
    labels = [prediction.classes.label for prediction in response.predictions]
    assert labels == [["red", "green", "blue"][index % 3] for index in range(1024)]
    span = await service.stage_span()
    assert len(span.attributes[names.ANSWER_LABELS]) == 256
    assert span.attributes[names.ANSWER_COUNT] == 1024
