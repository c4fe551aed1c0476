"""The `hallmark` command: runs a command, turns a failure into one line and an exit code."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from hallmark_cli.errors import CliError
from hallmark_cli.lazy import LazyGroup
from hallmark_cli.typer_app import make_app
from hallmark_common.errors import HallmarkError, StartupError

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""


class RootCommands(LazyGroup):
    """The commands of `hallmark`, in the order in which a new user meets them."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "up": "hallmark_cli.up.command",
        "stack": "hallmark_cli.stack.command",
        "predict": "hallmark_cli.predict",
        "record": "hallmark_cli.record",
        "feedback": "hallmark_cli.feedback.command",
        "report": "hallmark_cli.report.command",
        "watch": "hallmark_cli.watch",
        "replay": "hallmark_cli.replay.command",
        "contracts": "hallmark_cli.contracts.command",
        "batch": "hallmark_cli.batch.command",
        "models": "hallmark_cli.models.command",
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


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code, 0 only on success."""
    try:
        code = app(list(arguments), prog_name="hallmark", standalone_mode=False)
        sys.stdout.flush()
    except (CliError, StartupError, HallmarkError, typer.TyperException) as error:
        return _failed(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has left; the flush at exit must not fail over it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def _failed(error: Exception) -> int:
    message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
    sys.stderr.write(f"hallmark: {' '.join(message.split())}\n")
    return int(getattr(error, "exit_code", 1))


def main() -> None:
    """Entry point of the `hallmark` script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a bar shows a question mark instead of failing.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are text files here
    sys.exit(run(sys.argv[1:]))
