"""Times as text: RFC 3339, as JSON has them."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark_common.errors import invalid, shown


def parse_time(field: str, value: object) -> Timestamp:
    """A timestamp from RFC 3339 text with an offset; INVALID_ARGUMENT names ``field``."""
    moment = Timestamp()
    try:
        # Not being a string is a ValueError here too.
        moment.FromJsonString(value)  # type: ignore[arg-type]  # from JSON, it may be anything
    except (ValueError, OverflowError):
        raise invalid(field, "an RFC 3339 time such as 2013-07-01T12:00:00Z", shown(value)) from None
    return moment


def rfc3339(ns: int) -> str:
    """A time, in nanoseconds since 1970, in UTC and to the second."""
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
