"""Page tokens: a place in the order of records, bound to the filter that it was made for. Pure."""

import base64
import binascii
import json
import zlib

from hallmark_common.errors import invalid, shown
from hallmark_qoa.stores.base import Cursor, Filter
from hallmark_qoa.values import is_prediction_id

DEFAULT_SIZE = 50
MAX_SIZE = 1000


def page_size(asked: int) -> int:
    """Number of records on a page; INVALID_ARGUMENT above MAX_SIZE."""
    if asked > MAX_SIZE:
        raise invalid("page_size", f"1 to {MAX_SIZE}, or 0 for {DEFAULT_SIZE}", str(asked))
    return asked or DEFAULT_SIZE


def make_token(cursor: Cursor | None, which: Filter) -> str:
    """The opaque token of a place, empty for none."""
    if cursor is None:
        return ""
    content = json.dumps([cursor.started_ns, cursor.prediction, _digest(which)], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_token(token: str, which: Filter) -> Cursor | None:
    """The place of a token, None for an empty one; INVALID_ARGUMENT where it was not made here for this filter."""
    if not token:
        return None
    expected = "next_page_token of the page before, with the same filter"
    try:
        started_ns, prediction, digest = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise invalid("page_token", expected, shown(token)) from None
    well_formed = type(started_ns) is int and 0 <= started_ns < 2**63 and isinstance(prediction, str)
    if not well_formed or not is_prediction_id(prediction):
        raise invalid("page_token", expected, shown(token))
    if digest != _digest(which):
        raise invalid("page_token", expected, "one of another filter")
    return Cursor(started_ns, prediction)


def _digest(which: Filter) -> int:
    return zlib.crc32(repr(which).encode())
