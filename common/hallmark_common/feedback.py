"""Truths as JSON: how they are told over REST, over AMQP and in files.

One truth is ``{"prediction_id": …, "value": …, "observed_at": …}``, the last of which may be missing.
"""

import json
from typing import Any

from hallmark.qoa.v1.qoa_pb2 import PredictionTruth, TruthOutcome
from hallmark_common.errors import invalid, shown
from hallmark_common.times import parse_time

KEYS = ("prediction_id", "value", "observed_at")

MAX_TRUTHS = 10_000
"""Truths that may be told at once."""

NOT_TAKEN = frozenset({"expired", "refused"})
"""Outcomes of truths that are kept nowhere; all others are known from then on."""


def truth_from(document: object, where: str = "") -> PredictionTruth:
    """One truth; INVALID_ARGUMENT names the field, with ``where`` before it, that is wrong.

    A value that is no text is taken as its JSON is written: ``7``, ``true``, ``["7","1"]`` for several instances.
    """
    if not isinstance(document, dict):
        raise invalid(where or "body", f"an object with {' and '.join(KEYS[:2])}", shown(document))
    prefix = f"{where}." if where else ""
    for key in document:
        if key not in KEYS:
            raise invalid(where or "body", f"only the keys {', '.join(KEYS)}", f"the key {shown(key)}")
    told = PredictionTruth(prediction_id=_text(f"{prefix}prediction_id", document.get("prediction_id")))
    told.truth.value = value_text(f"{prefix}value", document.get("value"))
    if document.get("observed_at") is not None:
        told.truth.observed_at.CopyFrom(parse_time(f"{prefix}observed_at", document["observed_at"]))
    return told


def value_text(field: str, value: object) -> str:
    """A true value as text; INVALID_ARGUMENT names the field of one that is none."""
    if value is None or isinstance(value, dict):
        raise invalid(field, "a label, a number, a boolean or an array of them", shown(value))
    if isinstance(value, str):
        return _text(field, value)
    try:
        return _text(field, json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except ValueError:  # a literal such as 1e999 is JSON, but no number that JSON could say
        raise invalid(field, "finite numbers", shown(value)) from None


def outcome_to_dict(prediction_id: str, outcome: TruthOutcome) -> dict[str, Any]:
    """What became of a truth as JSON; ``reason`` is null where it was not refused."""
    return {"prediction_id": prediction_id, "outcome": outcome.outcome, "reason": outcome.reason or None}


def is_taken(outcome: TruthOutcome) -> bool:
    """Whether a truth is known from now on."""
    return outcome.outcome not in NOT_TAKEN


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid(field, "a string", shown(value))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(field, "a string of Unicode characters", f"{shown(value)} with half a surrogate pair") from None
    return value
