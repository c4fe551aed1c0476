"""Whatever a client sends: a 4xx with the JSON error body that names the field, and a service that lives on."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/models/flights:predict"
JSON = {"content-type": "application/json"}
BOUNDARY = "XbX"
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
LIMIT = 64 * 1024


@dataclass(frozen=True)
class Bad:
    """A request, the status it gets, and the field that the error names."""

    name: str
    status: int
    field: str
    content: bytes = b""
    headers: Any = None
    method: str = "POST"
    path: str = PATH


def part(disposition: str, content: bytes = b"x", more: str = "") -> bytes:
    """One part of a multipart body."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{more}\r\n".encode("utf-8", "surrogateescape")
    return head + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FILE = 'form-data; name="image"; filename="a.png"'


def as_json(name: str, field: str, content: bytes | str, status: int = 400) -> Bad:
    """A bad JSON body."""
    return Bad(name, status, field, content.encode() if isinstance(content, str) else content, JSON)


def as_form(name: str, field: str, content: bytes, headers: Any = None, status: int = 400) -> Bad:
    """A bad multipart body."""
    return Bad(name, status, field, content, headers or MULTIPART)


BAD_JSON = [
    as_json("empty", "body", ""),
    as_json("blank", "body", "  \n"),
    as_json("truncated", "body", '{"instances": [{"a": 1}'),
    as_json("trailing", "body", '{"instances": [1]} {}'),
    as_json("single quotes", "body", "{'instances': [1]}"),
    as_json("comment", "body", '{"instances": [1] /* one */}'),
    as_json("array", "body", "[1]"),
    as_json("string", "body", '"instances"'),
    as_json("number", "body", "17"),
    as_json("null", "body", "null"),
    as_json("NaN", "body", '{"instances": [NaN]}'),
    as_json("Infinity", "body", '{"instances": [Infinity]}'),
    as_json("-Infinity", "body", '{"instances": [-Infinity]}'),
    as_json("huge float", "instances", '{"instances": [{"distance": 1e999}]}'),
    as_json("huge integer", "body", '{"instances": [' + "9" * 5000 + "]}"),
    as_json("deep", "body", '{"instances": ' + "[" * 30000),
    as_json("deep and closed", "body", '{"instances": ' + "[" * 30000 + "]" * 30000 + "}"),
    as_json("not UTF-8", "body", b'{"instances": ["\xff\xfe"]}'),
    as_json("UTF-16", "body", '{"instances": [1]}'.encode("utf-16")),
    as_json("BOM", "body", '\ufeff{"instances": [1]}'),
    as_json("control character", "body", '{"instances": ["\x01"]}'),
    as_json("PNG as JSON", "body", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    as_json("no instances", "instances", "{}"),
    as_json("only event_time", "instances", '{"event_time": "2013-07-01T12:00:00Z"}'),
    as_json("null instances", "instances", '{"instances": null}'),
    as_json("object instances", "instances", '{"instances": {"a": 1}}'),
    as_json("string instances", "instances", '{"instances": "[1]"}'),
    as_json("number instances", "instances", '{"instances": 3}'),
    as_json("boolean instances", "instances", '{"instances": true}'),
    as_json("empty instances", "instances", '{"instances": []}'),
    as_json("unknown key", "colour", '{"instances": [1], "colour": "red"}'),
    as_json("misspelt key", "Instances", '{"Instances": [1]}'),
    as_json("empty key", "", '{"instances": [1], "": 1}'),
    as_json("unicode key", "größe", '{"instances": [1], "größe": 1}'),
    as_json("half a surrogate as key", "\\ud800", '{"instances": [1], "\\ud800": 1}'),
    as_json("prototype", "__proto__", '{"instances": [1], "__proto__": {}}'),
    as_json("key twice", "instances", '{"instances": [1], "instances": [2]}'),
    as_json("column twice", "carrier", '{"instances": [{"carrier": "UA", "carrier": "AA"}]}'),
    as_json("date only", "event_time", '{"instances": [1], "event_time": "2013-07-01"}'),
    as_json("no offset", "event_time", '{"instances": [1], "event_time": "2013-07-01T12:00:00"}'),
    as_json("no time", "event_time", '{"instances": [1], "event_time": "yesterday"}'),
    as_json("empty time", "event_time", '{"instances": [1], "event_time": ""}'),
    as_json("number as time", "event_time", '{"instances": [1], "event_time": 1372680000}'),
    as_json("array as time", "event_time", '{"instances": [1], "event_time": [2013]}'),
    as_json("13th month", "event_time", '{"instances": [1], "event_time": "2013-13-01T12:00:00Z"}'),
    as_json("before 1970", "event_time", '{"instances": [1], "event_time": "1969-12-31T23:59:59Z"}'),
    as_json("after 2200", "event_time", '{"instances": [1], "event_time": "9999-01-01T00:00:00Z"}'),
    as_json("number as version", "version", '{"instances": [1], "version": 1}'),
    as_json("list as version", "version", '{"instances": [1], "version": ["1"]}'),
    as_json("half a surrogate", "version", '{"instances": [1], "version": "\\ud83d"}'),
    as_json("too large", "body", '{"instances": ["' + "x" * LIMIT + '"]}', 413),
]

BAD_FORMS = [
    as_form("empty form", "body", b""),
    as_form("only the end", "image", END),
    as_form("garbage", "body", b"garbage"),
    as_form("no boundary", "body", part(FILE) + END, {"content-type": "multipart/form-data"}),
    as_form("empty boundary", "body", part(FILE) + END, {"content-type": "multipart/form-data; boundary="}),
    as_form("other boundary", "body", part(FILE) + END, {"content-type": "multipart/form-data; boundary=other"}),
    as_form("no disposition", "body", f"--{BOUNDARY}\r\n\r\nx\r\n".encode() + END),
    as_form("no name", "body", part("form-data") + END),
    as_form("broken header", "body", f"--{BOUNDARY}\r\nContent Disposition\r\n\r\nx\r\n".encode() + END),
    as_form("truncated in the image", "body", part(FILE)[:-1]),
    as_form("truncated in the header", "body", part(FILE)[:30]),
    as_form("misspelt part", "images", part('form-data; name="images"; filename="a.png"') + END),
    as_form("nameless part", "", part('form-data; name=""; filename="a.png"') + END),
    as_form("unicode part", "größe", part('form-data; name="größe"; filename="a.png"') + END),
    as_form("text as image", "image", part('form-data; name="image"') + END),
    as_form("empty image", "image", part(FILE, b"") + END),
    as_form("second image empty", "image", part(FILE) + part(FILE, b"") + END),
    as_form("too many parts", "body", part(FILE) * 19 + END, status=413),
    as_form("bad time", "event_time", part(FILE) + part('form-data; name="event_time"', b"now") + END),
    as_form("file as version", "version", part(FILE) + part('form-data; name="version"; filename="v"') + END),
    as_form("version twice", "version", part(FILE) + part('form-data; name="version"', b"1") * 2 + END),
    as_form("version not UTF-8", "version", part(FILE) + part('form-data; name="version"', b"\xff") + END),
    as_form("many texts", "body", part('form-data; name="version"', b"1") * 50 + END, status=413),
    as_form("name not UTF-8", "body", part('form-data; name="\udcff\udcfe"; filename="a"') + END),
    as_form("too large an image", "body", part(FILE, bytes(LIMIT)) + END, status=413),
]

BAD_OTHERS = [
    Bad("no content type", 415, "content-type", b'{"instances": [1]}'),
    Bad("text", 415, "content-type", b'{"instances": [1]}', {"content-type": "text/plain"}),
    Bad("image", 415, "content-type", b"\x89PNG", {"content-type": "image/png"}),
    Bad("urlencoded", 415, "content-type", b"image=1", {"content-type": "application/x-www-form-urlencoded"}),
    Bad("nearly JSON", 415, "content-type", b"{}", {"content-type": "application/jsonp"}),
    Bad("consumer with comma", 400, "hallmark-consumer", b"{}", {**JSON, "hallmark-consumer": "a,b"}),
    Bad("consumer with quote", 400, "hallmark-consumer", b"{}", {**JSON, "hallmark-consumer": '"a"'}),
    Bad("consumer with semicolon", 400, "hallmark-consumer", b"{}", {**JSON, "hallmark-consumer": "a;b"}),
    Bad("consumer with backslash", 400, "hallmark-consumer", b"{}", {**JSON, "hallmark-consumer": "a\\b"}),
    Bad("consumer not ASCII", 400, "hallmark-consumer", b"{}", {**JSON, "hallmark-consumer": "Zoë".encode()}),
    Bad("consumer too long", 400, "hallmark-consumer", b"{}", {**JSON, "hallmark-consumer": "a" * 129}),
    Bad("no model", 404, "path", b'{"instances": [1]}', JSON, path="/v1/models/:predict"),
    Bad("slash in model", 404, "path", b'{"instances": [1]}', JSON, path="/v1/models/a%2Fb:predict"),
    Bad("other verb", 404, "path", b"{}", JSON, path="/v1/models/flights:explain"),
    Bad("unknown path", 404, "path", b"", None, "GET", "/v2/health/live"),
    Bad("unknown file", 404, "path", b"", None, "GET", "/static/no.js"),
    Bad("out of the folder", 404, "path", b"", None, "GET", "/static/..%2f..%2fservice.py"),
    Bad("GET", 405, "method", b"", None, "GET"),
    Bad("PUT", 405, "method", b"{}", JSON, "PUT"),
    Bad("DELETE", 405, "method", b"", None, "DELETE", "/v1/models"),
    Bad("POST of a record", 405, "method", b"{}", JSON, "POST", "/v1/records/x"),
    Bad("page size 0", 400, "page_size", b"", None, "GET", "/v1/records?page_size=0"),
    Bad("page size 1001", 400, "page_size", b"", None, "GET", "/v1/records?page_size=1001"),
    Bad("page size text", 400, "page_size", b"", None, "GET", "/v1/records?page_size=many"),
    Bad("started_from", 400, "started_from", b"", None, "GET", "/v1/records?started_from=today"),
    Bad("started_before", 400, "started_before", b"", None, "GET", "/v1/records?started_before=1e9"),
    Bad("long record id", 400, "prediction_id", b"", None, "GET", "/v1/records/" + "a" * 300),
]

ALL = [*BAD_JSON, *BAD_FORMS, *BAD_OTHERS]


def check_error(response: Any, status: int, field: str) -> None:
    """The JSON error body, whole, naming the field; nothing of ours in it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    told = response.json()
    assert set(told) == {"error", "prediction_id", "trace_id"}
    assert set(told["error"]) == {"code", "reason", "message", "field", "expected", "got"}
    assert told["error"]["field"] == field
    assert told["error"]["message"]
    assert "\n" not in told["error"]["message"]
    assert "Traceback" not in response.text


@pytest.mark.parametrize("bad", ALL, ids=lambda bad: bad.name)
async def test_a_bad_request_is_a_4xx_that_names_the_field(web: Any, preprocess: Any, bad: Bad) -> None:
    response = await web.http.request(bad.method, bad.path, content=bad.content, headers=bad.headers)

    check_error(response, bad.status, bad.field)
    assert not preprocess.requests
    if bad.method == "POST" and bad.path.endswith("flights:predict"):
        assert response.headers["hallmark-prediction-id"] == response.json()["prediction_id"]


async def test_there_are_many_bad_requests() -> None:
    assert len(ALL) >= 60


async def test_the_service_lives_on(web: Any, preprocess: Any) -> None:
    response = await web.http.post(PATH, json={"instances": [1]})

    assert response.status_code == 200
    assert len(preprocess.requests) == 1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
BODIES = (
    st.binary(max_size=200)
    | JSON_VALUES.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(["instances", "event_time", "version", "x"]), JSON_VALUES).map(
        lambda value: json.dumps(value).encode()
    )
    | st.binary(max_size=60).map(lambda tail: part(FILE) + tail)
)


@pytest.mark.usefixtures("preprocess")
async def test_generated_bodies_never_break_the_service(web: Any) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(BODIES, st.sampled_from([JSON, MULTIPART]))
    def send(content: bytes, headers: Any) -> None:
        calling = asyncio.run_coroutine_threadsafe(web.http.post(PATH, content=content, headers=headers), loop)
        response = calling.result(10)
        assert response.status_code in {200, 400}
        if response.status_code == 400:
            told = response.json()["error"]
            assert told["reason"] == "INVALID_INPUT"
            assert isinstance(told["field"], str)

    await asyncio.to_thread(send)
