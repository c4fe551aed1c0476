"""Streams that are not UTF-8: what stands there for the marks and bars of our output."""

import codecs
import sys
from io import TextIOWrapper

ERRORS = "hallmark-plain"
"""Name under which codecs know how such a stream goes on."""

PLAIN = {"✓": "+", "✗": "x", "–": "-", "·": "-", "→": ">", "×": "x", "…": "."} | dict.fromkeys("█▉▊▋▌▍▎▏", "#")
"""One for one, so that columns stay where they are; `?` for anything else, which would also read as `unknown`."""


def make_plain_where_needed() -> None:
    """From now on no character that stdout or stderr cannot show makes a command fail."""
    codecs.register_error(ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(each, "?") for each in error.object[error.start : error.end]), error.end
