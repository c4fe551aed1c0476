"""The two encodings of OTLP/HTTP bodies and the compression of bodies, over AMQP too. Pure.

https://opentelemetry.io/docs/specs/otlp/#otlphttp : binary protobuf, or proto3 JSON in which trace and span ids are
hexadecimal instead of base64.
"""

import base64
import json
import zlib
from typing import Any, Literal

import zstandard
from google.protobuf import json_format
from google.protobuf.message import Message

Encoding = Literal["application/x-protobuf", "application/json"]

PROTOBUF: Encoding = "application/x-protobuf"
JSON: Encoding = "application/json"

_HEX_FIELDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
_GZIP = 16 + zlib.MAX_WBITS
_ZSTD_WINDOW_BYTES = 8 * 2**20
"""What a decoder should support at least (RFC 8878, section 3.1.1.1.2), and more than our exporter uses."""
_ZSTD_PIECE_BYTES = 1024
"""So much is fed at once: it makes 32 MiB at most, as a block of 4 bytes makes up to 128 KiB."""


class BodyError(Exception):
    """A body that cannot be read; the message says why."""


class TooLargeError(Exception):
    """A body that is larger than allowed once it is decompressed."""


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """Decompress a gzip body of one or several members; never makes more than ``max_bytes`` and a little of it."""
    parts: list[bytes] = []
    left = max_bytes
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            part = member.decompress(body, left + 1)
        except zlib.error as error:
            raise BodyError(f"not a gzip body: {error}") from None
        left -= len(part)
        if left < 0:
            raise TooLargeError
        if not member.eof:
            raise BodyError("not a gzip body: it ends too early")
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)


def unzstd(body: bytes, max_bytes: int) -> bytes:
    """Decompress a Zstandard body of one or several frames; never makes more than ``max_bytes`` and 32 MiB of it."""
    parts: list[bytes] = []
    left = max_bytes
    while body:
        frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).decompressobj()
        taken = 0
        while not frame.eof:
            if taken >= len(body):
                raise BodyError("not a zstd body: it ends too early")
            try:
                part = frame.decompress(body[taken : taken + _ZSTD_PIECE_BYTES])
            except zstandard.ZstdError as error:
                raise BodyError(f"not a zstd body: {_first_line(error)}") from None
            taken += _ZSTD_PIECE_BYTES
            left -= len(part)
            if left < 0:
                raise TooLargeError
            parts.append(part)
        body = frame.unused_data + body[taken:]
    return b"".join(parts)


def to_protobuf(body: bytes, encoding: Encoding, message: type[Message]) -> bytes:
    """A body in binary protobuf; :class:`BodyError` where it is in JSON and holds no such message."""
    if encoding == PROTOBUF:
        return body
    name = message.DESCRIPTOR.full_name
    try:
        content = json.loads(body)
        if not isinstance(content, dict):  # an empty list would pass for an empty message
            raise BodyError(f"not a {name} in JSON: not an object")
        _hex_to_base64(content)
        return json_format.ParseDict(content, message(), ignore_unknown_fields=True).SerializeToString()
    # Whatever JSON can hold arrives here, and json_format does not turn all of it into a ParseError.
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise BodyError(f"not a {name} in JSON: {_first_line(error)}") from None


def serialize(message: Message, encoding: Encoding) -> bytes:
    """A message in an encoding."""
    if encoding == PROTOBUF:
        return message.SerializeToString()
    return json_format.MessageToJson(message, indent=None).encode()


def _hex_to_base64(content: Any) -> None:
    """Rewrite ids in place. An attribute cannot be meant: its key is a value, never the name of a field."""
    waiting = [content]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in _HEX_FIELDS and isinstance(value, str):
                    node[key] = base64.b64encode(bytes.fromhex(value)).decode()
            waiting += node.values()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
