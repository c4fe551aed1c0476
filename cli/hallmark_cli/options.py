"""Arguments and options that several commands share, spelled once."""

from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
Consumer = Annotated[str | None, typer.Option(metavar="NAME", help="Who asks; 'anonymous' where unset.")]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait for an answer.")]
