"""Where a command writes: data to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from hallmark_cli.errors import CliError
from hallmark_cli.render.text import hanging


def write_json(value: Any) -> None:
    """One JSON document on one line of stdout, at once; escaped where stdout could not hold every character."""
    sys.stdout.write(json.dumps(value, ensure_ascii=not sys.stdout.encoding.lower().startswith("utf")) + "\n")
    sys.stdout.flush()


def stdout() -> Console:
    """The console for people; plain text without control codes where stdout is no terminal."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def stderr() -> Console:
    """The console for progress and notes."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def write_lines(lines: Iterable[Text]) -> None:
    """Lines for people to stdout."""
    console = stdout()
    for line in lines:
        console.print(line)


def write_folded(lines: Iterable[Text]) -> None:
    """The same, folded to the width of a terminal; for what is none nothing is folded."""
    console = stdout()
    write_lines(piece for line in lines for piece in (hanging(line, console.width) if console.is_terminal else [line]))


def write_file(file: Path, text: str) -> None:
    """A file anew, in UTF-8; :class:`CliError` where it cannot be written."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{file}: cannot be written: {error.strerror}; name another file") from None


def note(message: str) -> None:
    """One line to stderr: what a user should know and a program should not have to parse."""
    stderr().print(message, markup=False)
