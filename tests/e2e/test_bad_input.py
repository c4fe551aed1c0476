"""Bad input over REST, gRPC and OIP: always a clean refusal that names the field, and the services live on."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.message import Message
from PIL import Image

from hallmark.oip.v2 import open_inference_pb2 as oip
from hallmark.preprocess.v1.preprocess_pb2 import Images, Input, Table, Tensor, Tensors
from hallmark.web.v1.web_pb2 import PredictRequest, PredictResponse
from tests.support.errors import error_info
from tests.support.stack import Stack

ROW: dict[str, Any] = {}  # filled in by the fixture `row`
CLEAN = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED}
BIG = 100 * 2**20


@dataclass(frozen=True)
class Rest:
    """One bad HTTP request."""

    name: str
    path: str
    body: bytes | Iterator[bytes]
    content_type: str = "application/json"
    field: str = ""


def png(size: tuple[int, int] = (28, 28), mode: str = "L", fmt: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, fmt)
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of few bytes whose header claims 50,000 × 50,000 pixels."""
    data = bytearray(png())
    data[16:24] = struct.pack(">II", 50_000, 50_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def multipart(files: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    parts = b"".join(
        b'--X\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n\r\n%s\r\n' % (name.encode(), body)
        for name, body in files
    )
    return parts + b"--X--\r\n", "multipart/form-data; boundary=X"


def hostile_images() -> dict[str, bytes]:
    """Files that are no usable image, by name."""
    good, jpeg = png((40, 40)), png((40, 40), "RGB", "JPEG")
    files = {f"png cut at {cut}": good[:cut] for cut in (1, 7, 8, 16, 29, 40, len(good) - 20)}
    files |= {f"jpeg cut at {cut}": jpeg[:cut] for cut in (2, 4, 20, 100, 160)}
    files |= {
        "nothing": b"",
        "text": b"hello",
        "nulls": bytes(1000),
        "html": b"<html><body>no</body></html>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        "bomb": bomb(),
        "json": b'{"image": 1}',
        "zip": b"PK\x03\x04" + bytes(100),
        "bmp claims": b"BM" + b"\xff" * 100,
        "gif header": b"GIF89a" + b"\xff" * 20,
        "tiff loop": b"II*\x00\x08\x00\x00\x00\x01\x00" + b"\xff" * 40,
    }
    return files


def bad_values() -> dict[str, tuple[str, Any]]:
    """Cells that a flight cannot have: name to (column, JSON value)."""
    return {
        f"{column} {name}": (column, value)
        for column, values in {
            "distance": {
                "text": "far",
                "list": [1],
                "object": {},
                "true": True,
                "huge": 1e308,
                "below": -1,
                "unicode": "١٢٣",
                "empty text": "",
                "very long": "9" * 5000,
            },
            "hour": {
                "fraction": 1.5,
                "over": 24,
                "under": -1,
                "text": "noon",
                "huge": 10**30,
                "list": [],
                "true": False,
            },
            "origin": {"number": 5, "null": None, "list": ["EWR"], "object": {"a": 1}},
            "carrier": {"number": 1, "list": [], "huge text": "x" * 100_000, "object": {}},
            "weekday": {"number": 3.7, "unknown": "Caturday", "null": None},
        }.items()
        for name, value in values.items()
    }


def raw_bodies() -> dict[str, bytes]:
    """Bodies that are no request, by name."""
    deep = b"[" * 5000 + b"]" * 5000
    return {
        "empty": b"",
        "no json": b"{",
        "not an object": b"[]",
        "number": b"1",
        "text": b'"x"',
        "null": b"null",
        "latin 1": '{"instances": [{"carrier": "ü"}]}'.encode("latin-1"),
        "utf 16": '{"instances": []}'.encode("utf-16"),
        "no instances": b"{}",
        "empty instances": b'{"instances": []}',
        "instances object": b'{"instances": {}}',
        "instances null": b'{"instances": null}',
        "instance null": b'{"instances": [null]}',
        "instance number": b'{"instances": [1]}',
        "instance list": b'{"instances": [[]]}',
        "instance empty": b'{"instances": [{}]}',
        "deep": b'{"instances": ' + deep + b"}",
        "nan": b'{"instances": [{"distance": NaN}]}',
        "infinity": b'{"instances": [{"distance": Infinity}]}',
        "minus infinity": b'{"instances": [{"distance": -Infinity}]}',
        "overflow": b'{"instances": [{"distance": 1e999}]}',
        "many digits": b'{"instances": [{"distance": ' + b"9" * 5000 + b"}]}",
        "duplicate key": b'{"instances": [{"distance": 1, "distance": 2}]}',
        "unknown key": b'{"instances": [], "extra": 1}',
        "event time text": b'{"instances": [{}], "event_time": "yesterday"}',
        "event time number": b'{"instances": [{}], "event_time": 5}',
        "event time far": b'{"instances": [{}], "event_time": "9999-12-31T23:59:59Z"}',
        "version number": b'{"instances": [{}], "version": 1}',
        "too many": b'{"instances": [' + b"{}," * 70_000 + b"{}]}",
        "nul": b'{"instances": [{"carrier": "\x00"}]}',
        "lone surrogate": b'{"instances": [{"carrier": "\\ud800"}]}',
    }


def rest_cases() -> Iterator[Rest]:
    flights, digits = "/v1/models/flights:predict", "/v1/models/digits:predict"
    for name, body in raw_bodies().items():
        yield Rest(f"flights {name}", flights, body)
        yield Rest(f"digits {name}", digits, body)
    for name, (column, value) in bad_values().items():
        yield Rest(name, flights, json.dumps({"instances": [{**ROW, column: value}]}).encode(), field=column)
    yield Rest("extra column", flights, json.dumps({"instances": [{**ROW, "extra": 1}]}).encode(), field="extra")
    for name, data in hostile_images().items():
        body, content_type = multipart([("image", data)])
        yield Rest(f"multipart {name}", digits, body, content_type, "image")
        encoded = base64.b64encode(data).decode()
        yield Rest(
            f"b64 {name}", digits, json.dumps({"instances": [{"b64": encoded}]}).encode(), field="instances[0].b64"
        )
    yield Rest("b64 not base64", digits, b'{"instances": [{"b64": "%%%"}]}', field="b64")
    yield Rest("b64 number", digits, b'{"instances": [{"b64": 1}]}', field="b64")
    yield Rest("wrong part", digits, *multipart([("picture", png())]), "picture")
    yield Rest("image for a table", flights, *multipart([("image", png())]))
    yield Rest("table for an image", digits, json.dumps({"instances": [ROW]}).encode())
    yield Rest("no content type", flights, b"{}", "")
    yield Rest("xml", flights, b"<a/>", "application/xml")
    for model in ("nowhere", "../flights", "%2e%2e", "ünï", "a" * 5000, " ", "digits%00"):
        yield Rest(f"model {model[:20]}", f"/v1/models/{model}:predict", b'{"instances": [{}]}')
    yield Rest("version", flights, json.dumps({"instances": [ROW], "version": "99"}).encode(), field="version")
    yield Rest("100 MB json", flights, b'{"instances": ["' + b"x" * BIG + b'"]}')
    yield Rest("100 MB image", digits, *multipart([("image", bytes(BIG))]))
    yield Rest("100 MB in chunks", flights, (b"x" * 2**20 for _ in range(100)))


@pytest.fixture(scope="module", autouse=True)
def row(stack: Stack) -> None:
    """The example of the model, on which every bad row is one change."""
    models = httpx.get(f"{stack.web_url}/v1/models").json()["models"]
    example = next(model["example_json"] for model in models if model["name"] == "flights")
    ROW.update(json.loads(example)["instances"][0])


def test_rest(stack: Stack) -> None:
    cases = list(rest_cases())
    assert len(cases) > 150
    wrong = []
    with httpx.Client(base_url=stack.web_url, timeout=30) as client:
        for case in cases:
            fault = _rest_fault(client, case)
            if fault:
                wrong.append(f"{case.name}: {fault}")
        assert not wrong, "\n".join(wrong)
        answer = client.post("/v1/models/flights:predict", json={"instances": [ROW]})
        assert answer.status_code == 200, answer.text


def _rest_fault(client: httpx.Client, case: Rest) -> str:
    try:
        answer = client.post(case.path, content=case.body, headers={"content-type": case.content_type})
    except (httpx.WriteError, httpx.ReadError):
        # A server may answer and close before a body of 100 MB is through; that it lives on is checked at the end.
        return "" if case.name.startswith("100 MB") else "connection lost"
    if not 400 <= answer.status_code < 500:
        return f"{answer.status_code} {answer.text[:200]}"
    error = answer.json()["error"]
    if not error["message"] or "\n" in error["message"] or "Traceback" in answer.text:
        return f"message {error['message'][:200]!r}"
    if case.field and case.field not in error.get("field", ""):
        return f"field {error.get('field')!r}, wanted {case.field!r}"
    return "" if error.get("field") or answer.status_code in (404, 405, 413, 415) else f"no field: {answer.text[:200]}"


def grpc_cases() -> Iterator[tuple[str, Message]]:
    def table(rows: list[dict[str, Any]]) -> Input:
        found = Table()
        for cells in rows:
            found.rows.add().update(cells)
        return Input(table=found)

    for name, (column, value) in bad_values().items():
        if not (isinstance(value, int) and abs(value) > 2**63):
            yield name, PredictRequest(model="flights", input=table([{**ROW, column: value}]))
    for number in (float("nan"), float("inf"), float("-inf")):
        yield f"{number}", PredictRequest(model="flights", input=table([{**ROW, "distance": number}]))
    for name, data in hostile_images().items():
        yield name, PredictRequest(model="digits", input=Input(images=Images(files=[data])))
    yield "second image", PredictRequest(model="digits", input=Input(images=Images(files=[png(), b"no"])))
    yield "no model", PredictRequest(input=table([ROW]))
    yield "no input", PredictRequest(model="flights")
    yield "empty input", PredictRequest(model="flights", input=Input())
    yield "no rows", PredictRequest(model="flights", input=table([]))
    yield "no images", PredictRequest(model="digits", input=Input(images=Images()))
    yield "unknown model", PredictRequest(model="nowhere", input=table([ROW]))
    yield "unicode model", PredictRequest(model="ünï\u202e", input=table([ROW]))
    yield "unknown version", PredictRequest(model="flights", version="9", input=table([ROW]))
    yield "wrong kind", PredictRequest(model="digits", input=table([ROW]))
    yield "too many", PredictRequest(model="flights", input=table([ROW] * 1025))
    tensor = Tensor(name="x", datatype="FP32", shape=[1], contents=b"\0\0\0\0")
    yield "tensors", PredictRequest(model="flights", input=Input(tensors=Tensors(tensors=[tensor])))
    late = PredictRequest(model="flights", input=table([ROW]))
    late.event_time.seconds = 10**11
    yield "event time", late
    yield "json", PredictRequest(model="flights", input=Input(json=b"{"))


def test_grpc(stack: Stack) -> None:
    cases = list(grpc_cases())
    assert len(cases) > 60
    _check_rpc(stack, "web", "/hallmark.web.v1.PredictionService/Predict", cases)
    with grpc.insecure_channel(stack.settings.target("web"), options=[("grpc.max_send_message_length", -1)]) as channel:
        call = channel.unary_unary("/hallmark.web.v1.PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            call(PredictRequest(model="x" * BIG).SerializeToString(), timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        good = PredictRequest(model="digits", input=Input(images=Images(files=[png()]))).SerializeToString()
        assert PredictResponse.FromString(call(good, timeout=10)).predictions


def oip_cases() -> Iterator[tuple[str, Message]]:
    def request(**changes: Any) -> oip.ModelInferRequest:
        tensor = {"name": "image", "datatype": "FP32", "shape": [1, 1, 28, 28], **changes.pop("tensor", {})}
        raw = changes.pop("raw", [bytes(4 * 784)])
        found = oip.ModelInferRequest(model_name="digits", raw_input_contents=raw, **changes)
        if changes.get("inputs") is None:
            found.inputs.add(**tensor)
        return found

    for shape in (
        [],
        [0, 1, 28, 28],
        [1],
        [1, 1, 28],
        [-1, 1, 28, 28],
        [1, 3, 28, 28],
        [2, 1, 28, 28],
        [2**40, 1, 28, 28],
    ):
        yield f"shape {shape}", request(tensor={"shape": shape})
    for shape in ([2**62, 4, 28, 28], [1, 1, 28, 28, 1], [1, 1, 28, -28]):
        yield f"shape {shape}", request(tensor={"shape": shape})
    for datatype in ("", "FP64", "INT64", "BYTES", "BOOL", "FP16", "fp32", "NONSENSE", "UINT8", "ü"):
        yield f"datatype {datatype}", request(tensor={"datatype": datatype})
    for size in (0, 1, 4, 3135, 3137, 6272):
        yield f"{size} bytes", request(raw=[bytes(size)])
    yield "no raw", request(raw=[])
    yield "two raw", request(raw=[bytes(3136), bytes(3136)])
    for name in ("", "picture", "image ", "ü"):
        yield f"input {name!r}", request(tensor={"name": name})
    for values in (0, 1, 783, 785):
        contents = oip.InferTensorContents(fp32_contents=[0.0] * values)
        yield f"{values} values", request(raw=[], tensor={"contents": contents})
    yield "wrong contents", request(raw=[], tensor={"contents": oip.InferTensorContents(int_contents=[0] * 784)})
    yield "both", request(tensor={"contents": oip.InferTensorContents(fp32_contents=[0.0] * 784)})
    twice = request()
    twice.inputs.add(name="image", datatype="FP32", shape=[1, 1, 28, 28])
    yield "input twice", twice
    yield "no input", oip.ModelInferRequest(model_name="digits")
    unknown = request()
    unknown.outputs.add(name="nothing")
    yield "unknown output", unknown
    for name in ("", "nowhere", "../digits", "a" * 5000):
        renamed = request()
        renamed.model_name = name
        yield f"model {name[:20]!r}", renamed
    versioned = request(model_version="9")
    yield "version", versioned


def test_oip(stack: Stack) -> None:
    cases = list(oip_cases())
    assert len(cases) > 40
    method = "/inference.GRPCInferenceService/ModelInfer"
    _check_rpc(stack, "inference", method, cases)


def _check_rpc(stack: Stack, service: str, method: str, cases: list[tuple[str, Message]]) -> None:
    wrong = []
    with grpc.insecure_channel(stack.settings.target(service)) as channel:
        call = channel.unary_unary(method)
        for name, request in cases:
            try:
                call(request.SerializeToString(), timeout=20)
                wrong.append(f"{name}: answered")
            except grpc.RpcError as error:
                fault = _rpc_fault(error)
                if fault:
                    wrong.append(f"{name}: {fault}")
    assert not wrong, "\n".join(wrong)


def _rpc_fault(error: Any) -> str:
    if error.code() not in CLEAN:
        return f"{error.code()} {error.details()[:200]}"
    info = error_info(error)
    if info.domain != "hallmark" or not info.metadata.get("field"):
        return f"no field: {error.details()[:200]}"
    return "" if error.details() and "\n" not in error.details() else f"message {error.details()[:200]!r}"
