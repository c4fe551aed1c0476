"""The commands of `hallmark`, and what becomes of one that fails: one line on stderr and an exit code."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from hallmark_cli.errors import CliError
from hallmark_cli.lazy import Lazy, LazyGroup
from hallmark_cli.typer_app import make_app
from hallmark_common.errors import HallmarkError, StartupError


class RootCommands(LazyGroup):
    """The commands of `hallmark`, in the order in which a new user meets them."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "up": Lazy("hallmark_cli.up.command", "Start everything in the foreground; Ctrl-C drains and ends it."),
        "stack": Lazy("hallmark_cli.stack.command", "Start everything and the real parts around it; Ctrl-C ends it."),
        "predict": Lazy("hallmark_cli.predict", "Ask a model and show the answer with its quality."),
        "record": Lazy("hallmark_cli.record", "Show the quality record of one prediction."),
        "feedback": Lazy(
            "hallmark_cli.feedback.command", "Tell what really happened with one prediction, or with many."
        ),
        "report": Lazy(
            "hallmark_cli.report.command", "Show windows of time: figures, verdicts of contracts, evidence."
        ),
        "watch": Lazy("hallmark_cli.watch", "Follow records, or verdicts as they change, until Ctrl-C."),
        "replay": Lazy("hallmark_cli.replay.command", "Replay held-out requests and tell how it went."),
        "contracts": Lazy("hallmark_cli.contracts.command", "Check contracts, and import those of others."),
        "batch": Lazy("hallmark_cli.batch.command", "Look at any period again, from its stored records."),
        "models": Lazy("hallmark_cli.models.command", "Add models and list them."),
    }


app = make_app(RootCommands)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"hallmark {version('hallmark')}\n")
        raise typer.Exit


@app.callback()
def hallmark(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Serve ONNX models so that every prediction carries its own quality record."""


def call(arguments: Sequence[str]) -> int:
    """Do what one command line says; the exit code, 0 only on success. KeyboardInterrupt where it is interrupted."""
    try:
        code = app(list(arguments), prog_name="hallmark", standalone_mode=False)
    except (CliError, StartupError, HallmarkError, typer.TyperException) as error:
        return _failed(error)
    except typer.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def _failed(error: Exception) -> int:
    message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    sys.stderr.write(f"hallmark: {' '.join(message.split())}\n")
    return int(getattr(error, "exit_code", 1))
