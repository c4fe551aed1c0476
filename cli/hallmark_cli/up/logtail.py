"""What a service said last, from its log."""

import json
from pathlib import Path

TAIL_BYTES = 64 * 1024
MAX_SHOWN = 300
NOTHING = "no message"


def last_error(path: Path) -> str:
    """The last line of a log that tells of an error, else its last line; one line, at most MAX_SHOWN characters.

    Services log JSON to stdout and write an error that ends them as plain text to stderr; both are in the file.
    """
    lines = [line for line in _tail(path).splitlines() if line.strip()]
    errors = [message for message in map(_error_in, lines) if message]
    text = errors[-1] if errors else _message(lines[-1]) if lines else NOTHING
    return " ".join(text.split())[:MAX_SHOWN]


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _error_in(line: str) -> str:
    """The message of a line that is plain text or logged as ERROR, empty for any other."""
    entry = _parsed(line)
    if entry is None:
        return line
    return str(entry.get("message", "")) if entry.get("level") in ("ERROR", "CRITICAL") else ""


def _message(line: str) -> str:
    entry = _parsed(line)
    return line if entry is None else str(entry.get("message", line))


def _parsed(line: str) -> dict[str, object] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
