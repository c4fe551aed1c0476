"""Asking the engine for windows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import grpc

from hallmark.qoa.v1.qoa_pb2 import GetReportRequest, GetReportResponse
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_cli.client import channel_to
from hallmark_cli.report.question import EVERY_SEGMENT, Found, Question, chosen
from hallmark_cli.report.story.material import COMPARED, PLOTTED, Material
from hallmark_common.errors import from_rpc_error
from hallmark_common.reports import window_name
from hallmark_common.settings import Settings

TIMEOUT_S = 60.0
"""For an answer; thousands of windows with all figures take seconds."""

SIZE_FIELD = "window_s"
"""The field that the engine names when it refuses a size that it does not keep."""

LATEST = 50
"""Last windows whose figures are all fetched; among them is the last one of each consumer and model as a rule."""

COMPARED_LAST = 100
"""Last windows over which segments are compared: each has as many reports as a model has segments."""

Answer = TypeVar("Answer")


class Reporter(Protocol):
    """Answers for windows: an engine, or what was recomputed."""

    def GetReport(self, request: GetReportRequest, /, *, timeout: float) -> Awaitable[GetReportResponse]:
        """Windows with their figures and verdicts, oldest first."""


def fetch(settings: Settings, question: Question) -> Found:
    """The windows that were asked for."""
    return asyncio.run(_by_engine(settings, found_by, question))


def fetch_material(settings: Settings, question: Question) -> Material:
    """What a page is made of."""
    return asyncio.run(_by_engine(settings, material_of, question))


async def _by_engine(
    settings: Settings, answered: Callable[[Reporter, Question], Awaitable[Answer]], question: Question
) -> Answer:
    async with channel_to(settings, "qoa") as channel:
        return await answered(QoaServiceStub(channel), question)


async def found_by(stub: Reporter, question: Question) -> Found:
    """One request a size; a size that this engine does not keep has no windows, unless it was named."""
    named = bool(question.window)
    return chosen([await _one_size(stub, question, size, named=named) for size in question.sizes])


async def _one_size(stub: Reporter, question: Question, size: str, *, named: bool) -> Found:
    try:
        answer = await stub.GetReport(question.request(size), timeout=TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        if named or from_rpc_error(error).metadata.get("field") != SIZE_FIELD:
            raise
        return Found((), more=False)
    return Found(tuple(answer.windows), answer.more)


async def material_of(stub: Reporter, question: Question) -> Material:
    """What a page about the windows that were asked for is made of."""
    found = await found_by(stub, replace(question, metrics=(*PLOTTED, *question.metrics)))
    sizes = sorted({window.window_s for window in found.windows})
    if not sizes:
        return Material(found)
    # All figures of every window would be hundreds of megabytes; a table of the last window needs those of few.
    tables = [await _one_size(stub, replace(question, last=LATEST), window_name(size), named=True) for size in sizes]
    compared = replace(question, segment=EVERY_SEGMENT, last=COMPARED_LAST, metrics=_comparable(found))
    # The largest windows have the most samples a segment.
    segments = await _one_size(stub, compared, window_name(sizes[-1]), named=True)
    return Material(found, tuple(window for table in tables for window in table.windows), segments.windows)


def _comparable(found: Found) -> tuple[str, ...]:
    """Keys of the figures that are compared over segments: what was promised of everything, and some of interest."""
    promised = {verdict.figure for window in found.windows for verdict in window.verdicts if not verdict.segment}
    return tuple(sorted({key for key in promised if not key.startswith("spread[")} | set(COMPARED)))
