"""A flood of labels: nothing is lost, what is not known yet is unknown, and memory is bounded."""

import resource

import pytest

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, PredictionTruth
from hallmark_common.errors import HallmarkError
from hallmark_common.feedback import MAX_TRUTHS
from hallmark_qoa.truth.truths import Truths
from tests.support.judged import STORED_NS, Judged
from tests.support.predictions import T0_NS, Made, S

KNOWN = 60
TOLD = 100_000
MOST_KB = 200 * 1024


def _request(first: int, value: str) -> AddTruthsRequest:
    """Truths of so many predictions in a row, of which the first KNOWN are there."""
    request = AddTruthsRequest()
    for number in range(first, first + MAX_TRUTHS):
        truth = PredictionTruth(prediction_id=Made(number).prediction)
        truth.truth.value = value
        truth.truth.observed_at.FromNanoseconds(T0_NS)
        request.truths.append(truth)
    return request


async def test_a_flood_of_labels(one: Judged) -> None:
    made = [Made(number, T0_NS + (number % 2) * 10 * S) for number in range(1, KNOWN + 1)]
    await one.take(*made)
    await one.turn()
    assert await one.words("right") == {0: "unknown", 10: "unknown"}
    truths = Truths(one.store, wait_s=60.0, clock_ns=lambda: STORED_NS)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = 0
    # Unknown ids first, those that count at the end, each as soon as the store has taken what was told before.
    for first in range(TOLD - MAX_TRUTHS + 1, 0, -MAX_TRUTHS):
        outcomes = (await truths.add(_request(first, "on time"))).outcomes
        told += len(outcomes)
        await one.turn()
        assert set((await one.words("right")).values()) <= {"unknown", "violated"}
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert told == TOLD
    assert grown_kb < MOST_KB
    assert truths.counters.truths == {("joined", "grpc"): KNOWN, ("waiting", "grpc"): TOLD - KNOWN}
    assert await one.words("right") == {0: "violated", 10: "violated"}
    await one.take(Made(KNOWN + 1, T0_NS + 20 * S))  # one that waited is joined when its record comes
    await one.turn()
    assert (await one.words("right"))[20] == "violated"
    await truths.drain()


async def test_what_does_not_fit_is_refused_and_nothing_else(one: Judged) -> None:
    truths = Truths(one.store, wait_s=60.0, clock_ns=lambda: STORED_NS)
    request = _request(1, "late")
    request.truths.append(request.truths[0])
    with pytest.raises(HallmarkError, match=f"at most {MAX_TRUTHS}"):
        await truths.add(request)
    await truths.drain()
