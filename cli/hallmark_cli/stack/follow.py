"""What parts write to their logs, line by line, for whoever watches the terminal."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

POLL_S = 0.1
MAX_BYTES = 16 * 1024
"""Of one part at a time: a part that says more is cut short here, not in its file."""

MAX_SHOWN = 400

CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""Colours and the like, by which some write even where there is no terminal (ECMA-48, control sequences)."""

Show = Callable[[str, str], None]


class Follower:
    """Reads on in each log from where it is."""

    def __init__(self, logs: Mapping[str, Path], show: Show) -> None:
        self._tails = {name: _Tail(path) for name, path in logs.items()}
        self._show = show

    async def run(self) -> None:
        """Show what comes, for ever."""
        while True:
            self.catch_up()
            await asyncio.sleep(POLL_S)

    def catch_up(self) -> None:
        """Show what has come since the last time."""
        for name, tail in self._tails.items():
            for line in tail.new_lines():
                self._show(name, shown(line))


class _Tail:
    """The end of one file that only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size

    def new_lines(self) -> list[str]:
        """Whole lines that were added; where they are too many, the last of them and how much was left out."""
        size = self._path.stat().st_size
        skipped = max(0, size - self._at - MAX_BYTES)
        if size == self._at:
            return []
        with self._path.open("rb") as file:
            file.seek(self._at + skipped)
            new = file.read(size - self._at - skipped)
        whole = new[: new.rfind(b"\n") + 1]
        self._at += skipped + len(whole)
        lines = whole.decode("utf-8", "replace").splitlines()
        return [f"… {skipped} bytes more are in {self._path}", *lines[1:]] if skipped else lines


def shown(line: str) -> str:
    """A line of a log as a person reads it: of JSON, level and message and what went wrong; nothing unprintable."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    text = _of_json(entry) if isinstance(entry, dict) else line
    return "".join(c if c.isprintable() else " " for c in CONTROL.sub("", text)).rstrip()[:MAX_SHOWN]


def _of_json(entry: dict[str, Any]) -> str:
    """Our services say ``message`` and ``exception``, the collector ``msg`` and ``error``."""
    level = str(entry.get("level", "")).upper()
    message = str(entry.get("message", entry.get("msg", "")))
    reason = str(entry.get("exception", entry.get("error", "")))
    return "".join((f"{level} " if level != "INFO" else "", message, f": {reason}" if reason else ""))
