"""From a message with truths to the store: one truth as a JSON object, or an array of them."""

import json
from collections.abc import Sequence
from typing import Any

from hallmark.qoa.v1.qoa_pb2 import PredictionTruth
from hallmark_common.errors import HallmarkError, shown
from hallmark_common.feedback import MAX_TRUTHS, truth_from
from hallmark_qoa.sources.amqp.message import Delivery, PoisonError
from hallmark_qoa.truth.truths import Truths

FEEDBACK = "feedback"
"""The queue that truths come in."""

JSON = "application/json"
MAX_COMPLAINTS = 3


class FeedbackMessages:
    """Has the truths in messages kept."""

    def __init__(self, truths: Truths, max_bytes: int) -> None:
        self._truths = truths
        self._max_bytes = max_bytes

    async def use(self, delivery: Delivery) -> None:
        """See :data:`hallmark_qoa.sources.amqp.intake.Use`.

        Each truth counts by itself: where some cannot be used the others are kept, and the message becomes a dead
        letter that says which could not.
        """
        found, complaints = truths_in(delivery, self._max_bytes)
        outcomes = await self._truths.tell([truth for _, truth in found], "amqp")
        for (where, _), outcome in zip(found, outcomes, strict=True):
            if outcome.reason:
                complaints.append(f"{where}: {outcome.reason}")
        if complaints:
            more = f"; and {len(complaints) - MAX_COMPLAINTS} more" if len(complaints) > MAX_COMPLAINTS else ""
            raise PoisonError("refused_truths", "; ".join(complaints[:MAX_COMPLAINTS]) + more)


def truths_in(delivery: Delivery, max_bytes: int) -> tuple[list[tuple[str, PredictionTruth]], list[str]]:
    """The truths in a message, each with its place, and why others are none; PoisonError where it holds none at all.

    Those without a time were observed when the message was sent, where that says when: told again they are the same.
    """
    found: list[tuple[str, PredictionTruth]] = []
    complaints: list[str] = []
    for number, entry in enumerate(_entries(delivery, max_bytes)):
        try:
            found.append((f"truths[{number}]", truth_from(entry, f"truths[{number}]")))
        except HallmarkError as error:
            complaints.append(error.message)
    sent_s = delivery.properties.timestamp
    if sent_s is not None and 0 <= sent_s < 2**33:
        for _, told in found:
            if not told.truth.HasField("observed_at"):
                told.truth.observed_at.seconds = sent_s
    return found, complaints


def _entries(delivery: Delivery, max_bytes: int) -> Sequence[Any]:
    properties = delivery.properties
    if properties.content_type != JSON:
        raise PoisonError("content_type", f"content_type must be {JSON}, not {shown(properties.content_type)}")
    if properties.content_encoding:
        raise PoisonError(
            "content_encoding", f"content_encoding must be none, not {shown(properties.content_encoding)}"
        )
    if len(delivery.body) > max_bytes:
        raise PoisonError("too_large", f"a message may have {max_bytes} bytes")
    try:
        document = json.loads(delivery.body.decode())
    except (ValueError, RecursionError):
        raise PoisonError("body", "not a JSON text in UTF-8") from None
    entries = document if isinstance(document, list) else [document]
    if len(entries) > MAX_TRUTHS:
        raise PoisonError("too_large", f"a message may hold {MAX_TRUTHS} truths, not {len(entries)}")
    return entries
