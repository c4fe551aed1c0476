"""Where a command writes: data to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from hallmark_cli.errors import CliError


def write_json(value: Any) -> None:
    """One JSON document on one line of stdout, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
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


def write_file(file: Path, text: str) -> None:
    """A file anew, in UTF-8; :class:`CliError` where it cannot be written."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{file}: cannot be written: {error.strerror}; name another file") from None


def note(message: str) -> None:
    """One line to stderr: what a user should know and a program should not have to parse."""
    stderr().print(message, markup=False)
