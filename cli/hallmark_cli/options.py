"""Options that several commands share, spelled once."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
Consumer = Annotated[str | None, typer.Option(help="Who asks; 'anonymous' where unset.")]
Timeout = Annotated[float, typer.Option(min=0.001, help="Seconds to wait for an answer.")]
