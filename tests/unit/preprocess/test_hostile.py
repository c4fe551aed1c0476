"""Hostile input: whatever comes is refused with a code that blames the sender and names a field."""

import base64
import io
import json
import struct
import zlib
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark_common.errors import HallmarkError
from hallmark_common.model_spec import ImageInput, TableInput, TensorInput
from hallmark_preprocess.image import read_image
from hallmark_preprocess.json_instances import parse_instances

BLAMES_SENDER = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
SPEC = {"kind": "image", "width": 4, "height": 4, "max_pixels": 10_000}


def file(format_: str, size: tuple[int, int] = (30, 20), **options: Any) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format_, **options)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, body: bytes, *, depth: int = 8, colour: int = 0, extra: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


PNG, JPEG, GIF, WEBP, TIFF, BMP = (file(name) for name in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"))

FILES: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\0",
    "zeros": b"\0" * 5000,
    "ones": b"\xff" * 5000,
    "text": b"hello, world",
    "html": b"<html><img src=x onerror=alert(1)></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
    "xml entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>',
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "zip": b"PK\x03\x04" + b"\0" * 60,
    "gzip": zlib.compress(b"\0" * 10_000),
    "elf": b"\x7fELF" + b"\0" * 60,
    "postscript that writes": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/x) (w) file\n",
    "wmf": b"\xd7\xcd\xc6\x9a" + b"\0" * 60,
    "png of no size": png(0, 0, zlib.compress(b"")),
    "png of no height": png(7, 0, zlib.compress(b"")),
    "png bomb": png(50_000, 50_000, zlib.compress(b"\0" * 5000)),
    "png bomb of one row": png(2**31 - 1, 1, zlib.compress(b"\0" * 5000)),
    "png just too large": png(101, 100, zlib.compress(b"\0" * 102 * 100)),
    "png without pixels": png(10, 10, zlib.compress(b"")),
    "png with too few pixels": png(10, 10, zlib.compress(b"\0" * 50)),
    "png with broken deflate": png(10, 10, b"\x78\x9c" + b"\xff" * 40),
    "png of unknown depth": png(10, 10, zlib.compress(b"\0" * 110), depth=7),
    "png of unknown colour": png(10, 10, zlib.compress(b"\0" * 110), colour=5),
    "png with wrong checksum": PNG.replace(PNG[29:33], b"\0\0\0\0", 1),
    "png with text bomb": png(
        9, 9, b"", extra=b"".join(chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 900_000)) for _ in range(80))
    ),
    "png in jpeg's coat": b"\xff\xd8\xff\xe0" + PNG[8:],
    "jpeg in png's coat": b"\x89PNG\r\n\x1a\n" + JPEG,
    "jpeg of ff": b"\xff\xd8\xff" + b"\xff" * 2000,
    "jpeg without scan": JPEG[:200],
    "gif of no size": b"GIF89a" + struct.pack("<HH", 0, 0) + b"\x80\0\0" + b"\0" * 20,
    "gif bomb": b"GIF89a" + struct.pack("<HH", 65535, 65535) + GIF[10:],
    "bmp of negative size": b"BM" + struct.pack("<IHHIIiiHHI", 54, 0, 0, 54, 40, -5, -5, 1, 24, 0) + b"\0" * 20,
    "bmp bomb": b"BM" + struct.pack("<IHHIIiiHHI", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0) + b"\0" * 20,
    "bmp of strange bits": b"BM" + struct.pack("<IHHIIiiHHI", 54, 0, 0, 54, 40, 5, 5, 1, 77, 0) + b"\0" * 20,
    "tiff with a loop": b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 8),
    "tiff pointing nowhere": b"II*\0\xff\xff\xff\x7f",
    "webp of riff only": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    "icon of png bomb": struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, 500, 22) + png(9000, 9000, b""),
    "ppm bomb": b"P6 99999 99999 255\n",
    "ppm of no number": b"P6 x y 255\n",
    "ppm of huge number": b"P6 " + b"9" * 400 + b" 1 255\n",
    "xbm bomb": b"#define a_width 99999\n#define a_height 99999\nstatic char a_bits[] = {\n",
    "psd of 30 channels": b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 30, 9, 9, 8, 3) + b"\0" * 30,
    "dds of nothing": b"DDS " + struct.pack("<I", 124) + b"\0" * 130,
    "qoi bomb": b"qoif" + struct.pack(">IIBB", 2**31, 2**31, 4, 0) + b"\0" * 8,
    "jpeg 2000 of nothing": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\0" * 40,
    "avif of nothing": b"\0\0\0\x1cftypavif" + b"\0" * 40,
    "fits bomb": b"SIMPLE  =                    T".ljust(80) + b"NAXIS   =                    2".ljust(80),
}
FILES.update(
    {
        f"{name} cut at {share} %": data[: len(data) * share // 100]
        for name, data in {"png": PNG, "jpeg": JPEG, "gif": GIF, "webp": WEBP, "tiff": TIFF, "bmp": BMP}.items()
        for share in (3, 20, 50, 90)
    }
)


def check_field(error: HallmarkError, start: str) -> None:
    assert error.metadata["field"].startswith(start)
    error.details()


def check(found: Any) -> None:
    assert found.error is not None
    assert found.error.code in BLAMES_SENDER
    assert found.error.metadata["field"]
    assert found.report.findings.violations()
    assert "\n" not in found.error.message
    found.error.details()


@pytest.mark.parametrize("name", FILES)
def test_files(attempt: Any, serve: Any, name: str) -> None:
    model = serve(SPEC)
    check(attempt(model, preprocess_pb2.Input(images=preprocess_pb2.Images(files=[FILES[name]]))))
    text = json.dumps([{"b64": base64.b64encode(FILES[name]).decode()}]).encode()
    check(attempt(model, preprocess_pb2.Input(json=text)))


def test_polyglots_are_the_image_that_they_start_as(attempt: Any, serve: Any) -> None:
    for tail in (b"PK\x03\x04", b"<script>", PNG * 2, b"\0" * 100):
        files = preprocess_pb2.Images(files=[PNG + tail, JPEG + tail, GIF + tail])
        assert attempt(serve(SPEC), preprocess_pb2.Input(images=files)).error is None


def test_images_that_are_too_many_pixels_together(attempt: Any, serve: Any) -> None:
    files = [file("PNG", (90, 90))] * 2
    found = attempt(serve(SPEC), preprocess_pb2.Input(images=preprocess_pb2.Images(files=files)))
    check(found)
    assert found.error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert [item.kind for item in found.report.findings.violations()] == ["size"]


def test_tensors_that_would_be_too_large(attempt: Any, serve: Any) -> None:
    model = serve({"kind": "image", "width": 4096, "height": 2048})
    found = attempt(model, preprocess_pb2.Input(images=preprocess_pb2.Images(files=[PNG])))
    check(found)
    assert found.error.code is grpc.StatusCode.RESOURCE_EXHAUSTED


ROW = {"a": 1, "b": "x"}
JSONS: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n ",
    "cut": b'[{"a": 1',
    "two": b"[] []",
    "comment": b"[1] // no",
    "single quotes": b"[{'a': 1}]",
    "trailing comma": b'[{"a": 1,}]',
    "utf-16": json.dumps([ROW]).encode("utf-16"),
    "latin-1": '[{"a": 1, "b": "é"}]'.encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps([ROW]).encode(),
    "nul": b"\0",
    "control character": b'[{"a": 1, "b": "\x01"}]',
    "null": b"null",
    "object": b"{}",
    "number": b"1",
    "text": b'"[]"',
    "no instance": b"[]",
    "17 instances": json.dumps([ROW] * 17).encode(),
    "nan": b'[{"a": NaN, "b": "x"}]',
    "infinity": b'[{"a": -Infinity, "b": "x"}]',
    "nan alone": b"NaN",
    "1e400": b'[{"a": 1e400, "b": "x"}]',
    "-1e400": b'[{"a": -1e400, "b": "x"}]',
    "500 digits": b'[{"a": ' + b"9" * 500 + b', "b": "x"}]',
    "100,000 digits": b'[{"a": -' + b"9" * 100_000 + b', "b": "x"}]',
    "400 digits": b'[{"a": ' + b"9" * 400 + b', "b": "x"}]',
    "same key twice": b'[{"a": 1, "a": 2, "b": "x"}]',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep open lists": b"[" * 1_000_000,
    "deep objects": b'[{"a":' * 50_000,
    "deep in a cell": b'[{"a": ' + b"[" * 500 + b"]" * 500 + b', "b": "x"}]',
    "lone surrogate": b'[{"a": 1, "b": "\\ud800"}]',
    "lone surrogate as key": b'[{"a": 1, "b": "x", "\\udfff": 1}]',
    "escaped newline as key": b'[{"a": 1, "b": "x", "\\n\\r": 1}]',
    "null row": b"[null]",
    "row of lists": b'[["a", "b"]]',
    "nested array": b'[[{"a": 1, "b": "x"}]]',
    "long key": b'[{"a": 1, "b": "x", "' + b"k" * 100_000 + b'": 1}]',
    "long text": json.dumps([{"a": 1, "b": "x" * 100_000}]).encode(),
    "prototype": b'[{"a": 1, "b": "x", "__proto__": {}}]',
    "boolean for a number": b'[{"a": true, "b": "x"}]',
    "text for a number": b'[{"a": "1", "b": "x"}]',
}


@pytest.fixture
def table(serve: Any) -> Any:
    columns = (
        {"name": "a", "dtype": "number"},
        {"name": "b", "dtype": "category", "encode": "ordinal", "categories": ["x"]},
    )
    return serve(TableInput(kind="table", columns=columns))


@pytest.mark.parametrize("name", JSONS)
def test_json(attempt: Any, table: Any, name: str) -> None:
    check(attempt(table, preprocess_pb2.Input(json=JSONS[name])))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("nan", "instances[0].a"),
        ("1e400", "instances[0].a"),
        ("100,000 digits", "instances[0].a"),
        ("same key twice", "instances[0].a"),
        ("lone surrogate", "instances[0].b"),
        ("deep in a cell", "instances[0].a"),
        ("null row", "instances[0]"),
    ],
)
def test_json_errors_name_the_cell(attempt: Any, table: Any, name: str, field: str) -> None:
    assert attempt(table, preprocess_pb2.Input(json=JSONS[name])).error.metadata["field"] == field


@pytest.mark.parametrize("name", ["nan", "1e400", "100,000 digits", "400 digits"])
def test_json_errors_about_numbers_have_their_own_reason(attempt: Any, table: Any, name: str) -> None:
    assert attempt(table, preprocess_pb2.Input(json=JSONS[name])).error.reason == "NOT_FINITE"


@pytest.mark.parametrize(
    "instance",
    [
        {}, {"b64": 1}, {"b64": None}, {"b64": ""}, {"b64": "@@@@"}, {"b64": "abc"}, {"b64": "é"}, {"b64": "\ud800"},
        {"b64": "aGk=", "x": 1}, {"B64": "aGk="}, "aGk=", None, [], 1, {"b64": " aGk="},
        {"b64": "data:image/png;base64,aGk="},
    ],
)  # fmt: skip
def test_json_that_is_no_image(attempt: Any, serve: Any, instance: Any) -> None:
    check(attempt(serve(SPEC), preprocess_pb2.Input(json=json.dumps([instance]).encode())))


def test_too_many_or_no_instances_of_every_form(attempt: Any, serve: Any, table: Any) -> None:
    rows = preprocess_pb2.Table()
    for _ in range(17):
        rows.rows.add().update(ROW)
    many = preprocess_pb2.Images(files=[PNG] * 17)
    for model, given_ in (
        (table, preprocess_pb2.Input(table=rows)),
        (table, preprocess_pb2.Input(table=preprocess_pb2.Table())),
        (serve(SPEC), preprocess_pb2.Input(images=many)),
        (serve(SPEC), preprocess_pb2.Input(images=preprocess_pb2.Images())),
    ):
        found = attempt(model, given_)
        check(found)
        assert found.error.metadata["expected"] == "1 to 16 instances"


def test_struct_of_every_kind_of_value(attempt: Any, table: Any) -> None:
    for value in (float("nan"), float("inf"), [1], {"x": 1}, True, "1", None):
        rows = preprocess_pb2.Table()
        rows.rows.add().update({"a": value, "b": "x"})
        check(attempt(table, preprocess_pb2.Input(table=rows)))


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_instances_or_refused(data: bytes) -> None:
    try:
        found = parse_instances(data, 4)
    except HallmarkError as error:
        check_field(error, "instances")
    else:
        assert 1 <= len(found) <= 4


@settings(max_examples=300, deadline=None)
@given(
    source=st.sampled_from([PNG, JPEG, GIF, WEBP, TIFF, BMP]),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
)
def test_flipped_bytes_never_break_out(source: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(source)
    for position, value in changes:
        data[position % len(data)] = value
    try:
        tensor, _ = read_image(bytes(data), ImageInput(**SPEC))
    except HallmarkError as error:
        check_field(error, "image")
    else:
        assert tensor.shape == (3, 4, 4)


def test_tensor_requests_report_too(attempt: Any, serve: Any) -> None:
    model = serve(TensorInput(kind="tensor", tensors=({"name": "x", "datatype": "FP32", "shape": (-1, 2)},)))
    nan = np.array([[1, np.nan]], np.float32).tobytes()
    tensor = preprocess_pb2.Tensor(name="x", datatype="FP32", shape=[1, 2], contents=nan)
    found = attempt(model, preprocess_pb2.Input(tensors=preprocess_pb2.Tensors(tensors=[tensor])))
    check(found)
    assert found.error.reason == "NOT_FINITE"
