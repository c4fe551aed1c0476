"""Times: as RFC 3339 text, as JSON has them, and of events."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark_common.errors import invalid, shown

MAX_EVENT_S = 7_289_654_400
"""2201-01-01: a time beyond is a mistake, usually milliseconds taken for seconds."""
NS_PER_S = 1_000_000_000


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
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_ns(moment: Timestamp) -> int | None:
    """A time at which an event can have happened, in nanoseconds since 1970; None where it can not."""
    if not (0 <= moment.seconds < MAX_EVENT_S and 0 <= moment.nanos < NS_PER_S):
        return None
    return moment.seconds * NS_PER_S + moment.nanos
