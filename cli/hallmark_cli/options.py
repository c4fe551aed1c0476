"""Arguments and options that several commands share, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
Consumer = Annotated[str | None, typer.Option(metavar="NAME", help="Who asks; 'anonymous' where unset.")]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait for an answer.")]
PredictionId = Annotated[
    str, typer.Argument(metavar="PREDICTION_ID", help="A prediction id, or a trace id if the trace holds just one.")
]

OfConsumer = Annotated[str, typer.Option("--consumer", metavar="NAME", help="Only windows of this consumer.")]
OfModel = Annotated[str, typer.Option("--model", metavar="MODEL", help="Only windows of this model.")]
From = Annotated[str, typer.Option("--from", metavar="TIME", help="Only windows that start then or later, RFC 3339.")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="Only windows that start before, RFC 3339.")]
Window = Annotated[
    str, typer.Option(metavar="SIZE", help="10s, 1m, 1h or 1d; the sizes that contracts judge where unset.")
]
Segment = Annotated[str, typer.Option(metavar="SEGMENT", help="Such as carrier=UA; '*' is every one.")]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME", help="Only figures of this metric or key; may be given several times."),
]
Page = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write one page that needs nothing else.", dir_okay=False),
]
