"""`hallmark replay MODEL`: drive a model's held-out requests through web at a steady rate."""

import asyncio
import contextlib
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import grpc
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark.web.v1.web_pb2 import PredictRequest
from hallmark.web.v1.web_pb2_grpc import PredictionServiceStub
from hallmark_cli import options, output
from hallmark_cli.client import channel_to, consumer_metadata, require_ready
from hallmark_cli.replay.pacing import paced
from hallmark_cli.replay.sample import Sample, read_samples
from hallmark_cli.replay.tally import Tally, percentile
from hallmark_cli.replay.truths import Truths
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.settings import load_settings

INTERRUPTED = 130
REFRESH_S = 0.25

if TYPE_CHECKING:
    from hallmark.web.v1.web_pb2_grpc import PredictionServiceAsyncStub

app = make_app()


class EventTime(StrEnum):
    """Which event time the requests carry."""

    ORIGINAL = "original"
    NOW = "now"


@app.command(cls=Command)
def replay(
    model: options.Model,
    *,
    rate: Annotated[float, typer.Option(metavar="N", min=0.01, max=100_000, help="Requests a second.")] = 10.0,
    duration: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="How long to send.")] = 10.0,
    count: Annotated[int | None, typer.Option(metavar="N", min=1, help="Requests, instead of --duration.")] = None,
    event_time: Annotated[EventTime, typer.Option(help="As in the sample where it says, or now.")] = EventTime.NOW,
    feedback: Annotated[bool, typer.Option("--feedback", help="Tell the engine the truth of the sample.")] = False,
    consumer: options.Consumer = None,
    timeout: options.Timeout = 10.0,
    max_in_flight: Annotated[int, typer.Option(metavar="N", min=1, help="Requests on their way at most.")] = 256,
    as_json: options.Json = False,
) -> None:
    """Replay held-out requests and tell how it went.

    The exit code is 1 if any failed.
    """
    settings = load_settings()
    samples = read_samples(settings.models_dir, model)
    run = Replay(model, samples, consumer_metadata(consumer), timeout, event_time)
    total = count or max(round(rate * duration), 1)

    async def go() -> None:
        async with contextlib.AsyncExitStack() as stack:
            channel = await stack.enter_async_context(channel_to(settings, "web"))
            await require_ready(channel, settings, "web")
            if feedback:
                engine = await stack.enter_async_context(channel_to(settings, "qoa"))
                await require_ready(engine, settings, "qoa")
                run.truths = Truths(QoaServiceStub(engine), timeout)
            await run.go(PredictionServiceStub(channel), rate, total, max_in_flight)

    asyncio.run(go())
    summary = {"model": model, "interrupted": run.stopped, **run.tally.summary(run.elapsed_s)}
    if run.truths is not None:
        summary["truths"] = dict(run.truths.outcomes.most_common())
    if as_json:
        output.write_json(summary)
    else:
        for line in summary_lines(summary):
            output.stdout().print(line)
    raise typer.Exit(INTERRUPTED if run.stopped else 1 if run.tally.failures else 0)


class Replay:
    """One run: sends, counts, shows how far it is."""

    def __init__(
        self,
        model: str,
        samples: list[Sample],
        metadata: tuple[tuple[str, str], ...],
        timeout_s: float,
        event_time: EventTime,
    ) -> None:
        self.tally = Tally()
        self.elapsed_s = 0.0
        self.truths: Truths | None = None
        """Who is told the truth of what was answered."""
        self._model = model
        self._samples = samples
        self._metadata = metadata
        self._timeout_s = timeout_s
        self._event_time = event_time
        self._stop = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Whether Ctrl-C ended it early."""
        return self._stop.is_set()

    async def go(self, stub: "PredictionServiceAsyncStub", rate: float, total: int, max_in_flight: int) -> None:
        """Send everything; Ctrl-C stops sending and waits for what is on its way."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self._stop.set)
        started_s = loop.time()

        async def send(index: int, due_s: float) -> None:
            await self._send(stub, self._samples[index % len(self._samples)], due_s)

        beside = [asyncio.create_task(self._show(total))]
        if self.truths is not None:
            beside.append(asyncio.create_task(self.truths.run()))
        try:
            await paced(
                send,
                rate=rate,
                count=total,
                max_in_flight=max_in_flight,
                clock=loop.time,
                sleep=self._pause,
                stopped=lambda: self.stopped,
            )
        finally:
            self.elapsed_s = loop.time() - started_s
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        if self.truths is not None:
            await self.truths.tell()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _send(self, stub: "PredictionServiceAsyncStub", sample: Sample, due_s: float) -> None:
        request = PredictRequest(model=self._model, input=sample.input)
        if self._event_time is EventTime.ORIGINAL and sample.event_time is not None:
            request.event_time.CopyFrom(sample.event_time)
        try:
            response = await stub.Predict(request, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            self.tally.failed(error.code().name)
            return
        latency_ms = (asyncio.get_running_loop().time() - due_s) * 1000
        self.tally.answered(latency_ms, next(iter(response.predictions), None), sample.truth)
        if self.truths is not None and sample.truth is not None:
            self.truths.add(response.prediction_id, sample.truth)

    async def _show(self, total: int) -> None:
        """A progress bar on stderr, where that is a terminal."""
        console = output.stderr()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}  {task.fields[figures]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal, auto_refresh=False) as progress:
            task = progress.add_task(self._model, total=total, figures="")
            started_s = asyncio.get_running_loop().time()
            try:
                while True:
                    await asyncio.sleep(REFRESH_S)
                    elapsed_s = asyncio.get_running_loop().time() - started_s
                    progress.update(task, completed=self.tally.sent, figures=self._figures(elapsed_s), refresh=True)
            finally:
                progress.update(task, completed=self.tally.sent, refresh=True)

    def _figures(self, elapsed_s: float) -> str:
        recent = list(self.tally.recent_ms)
        return (
            f"{self.tally.sent / elapsed_s:.0f}/s  {self.tally.failures.total()} failed  "
            f"p50 {_ms(percentile(recent, 50))}  p99 {_ms(percentile(recent, 99))}"
        )


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """The summary for people."""
    latency = summary["latency_ms"]
    lines = [
        f"{summary['model']}: {summary['sent']} sent in {summary['duration_s']:.1f} s ({summary['rate']:.1f}/s), "
        f"{summary['ok']} ok{', interrupted' if summary['interrupted'] else ''}",
        f"latency   {', '.join(f'{name} {_ms(value)}' for name, value in latency.items())}",
    ]
    if summary["failed"]:
        lines.append(f"failed    {', '.join(f'{code} {count}' for code, count in summary['failed'].items())}")
    if summary["accuracy"] is not None:
        lines.append(f"accuracy  {100 * summary['accuracy']:.2f} % against the truth of the sample")
    if summary.get("truths"):
        lines.append(f"truths    {', '.join(f'{count} {outcome}' for outcome, count in summary['truths'].items())}")
    if summary["mean_absolute_error"] is not None:
        lines.append(f"error     {summary['mean_absolute_error']:.4g} on average against the truth of the sample")
    return lines


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"
