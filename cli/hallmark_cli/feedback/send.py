"""Sends truths to the engine, some at once, and shows how far it is."""

from collections.abc import Iterator, Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, PredictionTruth, TruthOutcome
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark_cli import output
from hallmark_cli.client import channel_to, require_ready
from hallmark_common.settings import Settings

PORTION = 2000
PORTION_BYTES = 2**20
"""A portion ends with the truth that goes beyond this, so that it stays well below what qoa takes at once."""


async def send(settings: Settings, truths: Sequence[PredictionTruth], timeout_s: float) -> list[TruthOutcome]:
    """What became of each, in their order; :class:`CliError` where the engine fails, which has kept those before."""
    outcomes: list[TruthOutcome] = []
    with _progress(few=len(truths) <= PORTION) as progress:
        task = progress.add_task("truths", total=len(truths))
        async with channel_to(settings, "qoa") as channel:
            await require_ready(channel, settings, "qoa")
            stub = QoaServiceStub(channel)
            for portion in portions(truths):
                answer = await stub.AddTruths(AddTruthsRequest(truths=portion), timeout=timeout_s)
                outcomes += answer.outcomes
                progress.update(task, completed=len(outcomes))
    return outcomes


def portions(truths: Sequence[PredictionTruth]) -> Iterator[list[PredictionTruth]]:
    """The truths, as many at once as go into one message."""
    portion: list[PredictionTruth] = []
    size = 0
    for truth in truths:
        portion.append(truth)
        size += truth.ByteSize()
        if len(portion) == PORTION or size > PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _progress(*, few: bool) -> Progress:
    """A bar on stderr, where that is a terminal and it takes a while."""
    console = output.stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=few or not console.is_terminal)
