"""Drive: one run of a plan through the services, and what was seen of it."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from bench.flights.faults.house import House
from bench.flights.faults.plan import EPOCH_S, NS, PER_WINDOW, WINDOW_S, WINDOWS, Plan, window_of
from bench.flights.services import MODEL, Asked, Known, Services
from hallmark.qoa.v1.qoa_pb2 import ExportRecordsRequest, RecordFilter
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.qoa.v1.report_pb2 import WindowReport
from tests.support.waiting import eventually_asked

CALLERS = 4
TRUTH_DELAY_S = WINDOW_S
"""Of event time: the truths of a window are told when the next one is over."""
JUDGED_S = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored of a run."""

    windows: tuple[WindowReport, ...]
    records: tuple[tuple[QualityRecord, ...], ...]
    """By window."""
