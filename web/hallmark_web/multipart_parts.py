"""Parts of a multipart/form-data body (RFC 7578), read into memory as they come; the body is bounded elsewhere."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from hallmark_common.errors import HallmarkError, invalid, too_large

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# It warns of every malformed body, which is the client's fault and told to the client.
logging.getLogger("python_multipart.multipart").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: a file has a filename, a text has none."""

    name: str
    is_file: bool
    content: bytes


async def read_parts(content_type: str, chunks: AsyncIterator[bytes], max_parts: int) -> list[Part]:
    """All parts in order; INVALID_ARGUMENT of ``body`` for what is malformed or incomplete, TOO_LARGE for too many."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise _malformed("a content type without a boundary")
    reader = _Reader(max_parts)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
    except FormParserError:
        raise _malformed("bytes that are not") from None
    if not reader.ended:
        raise _malformed("a body that ends before its last part does")
    return reader.parts


def _malformed(got: str) -> HallmarkError:
    return invalid("body", "multipart/form-data as in RFC 7578", got)


class _Reader:
    """Collects parts from the parser's callbacks."""

    def __init__(self, max_parts: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._max_parts = max_parts
        self._begin()

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser is to call."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == self._max_parts:
            raise too_large("body", f"{self._max_parts} parts", "more")
        self._disposition = b""
        self._field, self._value = bytearray(), bytearray()
        self._name, self._is_file = "", False
        self._content = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name")
        if name is None:
            raise _malformed("a part without a name")
        try:
            self._name = name.decode("utf-8")
        except UnicodeDecodeError:
            raise _malformed("a part whose name is not UTF-8") from None
        self._is_file = b"filename" in options

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def _part_end(self) -> None:
        self.parts.append(Part(self._name, self._is_file, bytes(self._content)))

    def _end(self) -> None:
        self.ended = True
