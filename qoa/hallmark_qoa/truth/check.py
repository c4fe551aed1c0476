"""From a truth as it is told to one that can be kept. Pure."""

import re

from hallmark.qoa.v1.qoa_pb2 import PredictionTruth
from hallmark_common.errors import shown
from hallmark_qoa.stores.base import TruthTold
from hallmark_qoa.values import is_prediction_id

MAX_VALUE_BYTES = 64 * 2**10
"""Of a true value in UTF-8."""

_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")


class RefusedError(Exception):
    """A truth that cannot be kept; the message is one line: what, and what to do."""


def checked(told: PredictionTruth, now_ns: int) -> TruthTold:
    """The truth of a prediction or trace id, observed now where it says no time; RefusedError names the field."""
    if not is_prediction_id(told.prediction_id) and not is_trace_id(told.prediction_id):
        raise RefusedError(
            "prediction_id: expected '<32 hexadecimal digits>-<16 hexadecimal digits>' or a trace id of 32, in lower "
            f"case, got {shown(told.prediction_id)}"
        )
    return TruthTold(told.prediction_id, _value(told.truth.value), _observed_ns(told, now_ns))


def is_trace_id(text: str) -> bool:
    """Whether a text has the form of a trace id."""
    return _TRACE_ID.fullmatch(text) is not None


def _value(text: str) -> str:
    if not text:
        raise RefusedError("value: expected the true label or number as text, got nothing")
    if "\0" in text:
        raise RefusedError("value: expected text without the character NUL, which databases cannot hold")
    if len(text) > MAX_VALUE_BYTES or len(text.encode()) > MAX_VALUE_BYTES:
        raise RefusedError(f"value: expected at most {MAX_VALUE_BYTES} bytes, got more")
    return text


def _observed_ns(told: PredictionTruth, now_ns: int) -> int:
    if not told.truth.HasField("observed_at"):
        return now_ns
    seconds, nanos = told.truth.observed_at.seconds, told.truth.observed_at.nanos
    ns = seconds * 10**9 + nanos
    if not -(2**63) <= ns < 2**63 or not 0 <= nanos < 10**9:
        raise RefusedError(f"observed_at: expected a time between the years 1678 and 2262, got {seconds} s, {nanos} ns")
    return int(ns)
