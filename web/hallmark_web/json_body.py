"""The JSON body of a REST prediction, read once and strictly."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common.errors import HallmarkError, invalid, shown
from hallmark_common.times import parse_time
from hallmark_web.fields import field_name, text

KEYS = ("instances", "event_time", "version")


def parse_json_request(model: str, body: bytes) -> web_pb2.PredictRequest:
    """A request from ``{"instances": [...], "event_time": "<RFC 3339>"?, "version": "1"?}``.

    The instances stay JSON: which form they have is the model's declaration, known to preprocess only.
    INVALID_ARGUMENT names the key that is wrong, or ``body``.
    """
    document = strict_json(body)
    if not isinstance(document, dict):
        raise invalid("body", 'a JSON object with "instances"', kind_of(document))
    for key in document:
        if key not in KEYS:
            raise invalid(field_name(key), f"only the keys {', '.join(KEYS)}", f"the key {shown(key)}")
    request = web_pb2.PredictRequest(model=model, version=text("version", document.get("version")))
    request.input.CopyFrom(preprocess_pb2.Input(json=_instances(document)))
    if document.get("event_time") is not None:
        request.event_time.CopyFrom(parse_time("event_time", document["event_time"]))
    return request


def strict_json(body: bytes) -> Any:
    """Parse RFC 8259 JSON in UTF-8; what Python adds to it (NaN, Infinity) or hides (a key twice) is refused."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise invalid("body", "JSON in UTF-8", f"a byte that is not, at {error.start}") from None
    except json.JSONDecodeError as error:
        raise invalid("body", "JSON", f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise invalid("body", "JSON of sensible depth", "too many levels") from None
    except ValueError:
        # CPython refuses to convert integers of more than 4300 digits.
        raise invalid("body", "numbers of sensible length", "an integer of thousands of digits") from None


def kind_of(value: object) -> str:
    """The JSON name of a value's type."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _instances(document: dict[str, Any]) -> bytes:
    if "instances" not in document:
        raise invalid("instances", "an array of instances", "nothing")
    instances = document["instances"]
    if not isinstance(instances, list) or not instances:
        got = "an empty array" if isinstance(instances, list) else kind_of(instances)
        raise invalid("instances", "an array of one or more instances", got)
    try:
        return json.dumps(instances, allow_nan=False, separators=(",", ":")).encode("ascii")
    except ValueError:
        # A literal such as 1e999 is JSON, but no double.
        raise invalid("instances", "finite numbers", "one beyond the range of a double") from None
    except RecursionError:
        raise invalid("instances", "JSON of sensible depth", "too many levels") from None


def _no_constant(name: str) -> NoReturn:
    raise _not_json(name)


def _not_json(name: str) -> HallmarkError:
    return invalid("body", "JSON numbers", f"{name}, which JSON does not have")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise invalid(field_name(twice), "each key once", f"the key {shown(twice)} twice")
    return found
