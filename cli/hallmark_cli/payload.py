"""Files as requests: what a user has on disk becomes the input that the model declares."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.preprocess.v1.preprocess_pb2 import Images, Input
from hallmark_cli.errors import CliError

STDIN = "-"


def read_file(name: str, limit: int) -> bytes:
    """The bytes of a file, or of stdin for ``-``; :class:`CliError` where it cannot be read or is over the limit."""
    try:
        data = sys.stdin.buffer.read(limit + 1) if name == STDIN else _read_bounded(Path(name), limit)
    except FileNotFoundError:
        raise CliError(f"{name}: no such file") from None
    except OSError as error:
        raise CliError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise CliError(f"{_shown(name)}: more than {limit} bytes; HALLMARK_MAX_REQUEST_BYTES is the limit")
    if not data:
        raise CliError(f"{_shown(name)}: is empty")
    return data


def _read_bounded(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit + 1)


def to_input(name: str, data: bytes, input_kind: str) -> Input:
    """The input of one request: the file as it is for an image model, else JSON."""
    if input_kind == "image":
        return Input(images=Images(files=[data]))
    return Input(json=json.dumps(instances_of(_shown(name), data)).encode())


def instances_of(name: str, data: bytes) -> list[Any]:
    """The instances in a JSON file: one object, an array of them, or ``{"instances": […]}``."""
    try:
        document = json.loads(data)
    except UnicodeDecodeError:
        raise CliError(f"{name}: is not JSON: the model takes rows or tensors, not a binary file") from None
    except json.JSONDecodeError as error:
        raise CliError(f"{name}: is not JSON: {error}") from None
    except ValueError:
        # CPython refuses to convert integers of more than 4300 digits.
        raise CliError(f"{name}: is not usable JSON: an integer of thousands of digits") from None
    except RecursionError:
        raise CliError(f"{name}: is not usable JSON: nested too deeply") from None
    if isinstance(document, dict) and "instances" in document:
        document = document["instances"]
        if not isinstance(document, list):
            raise CliError(f'{name}: "instances" must be an array, is {_json_type(document)}')
    if not isinstance(document, list | dict):
        raise CliError(
            f'{name}: must hold one object, an array of instances or {{"instances": […]}}, is {_json_type(document)}'
        )
    return document if isinstance(document, list) else [document]


def timestamp(option: str, text: str) -> Timestamp:
    """An RFC 3339 time as a timestamp; a time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        # A year near 1 or 9999 leaves the calendar when its zone is taken off.
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CliError(f"{option} {text!r}: expected a time such as 2013-07-01T09:30:00Z") from None
    result = Timestamp()
    result.FromDatetime(moment)
    return result


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(name: str) -> str:
    return "stdin" if name == STDIN else name
