"""The terminal of a stack: lines of parts, aligned behind their names, each name in a colour of its own."""

from collections.abc import Sequence
from textwrap import TextWrapper

from rich.console import Console
from rich.text import Text

from hallmark_cli.up.speaker import Speaker

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")

MIN_ROOM = 20
"""For a line, on a terminal that is narrower than that."""


class Terminal:
    """Where a stack speaks, and its parts through it."""

    def __init__(self, console: Console, names: Sequence[str]) -> None:
        self._console = console
        self._speaker = Speaker(console)
        width = max(map(len, names))
        self._prefixes = {
            name: Text.assemble((f"{name:<{width}} | ", COLOURS[number % len(COLOURS)]))
            for number, name in enumerate(names)
        }

    def say(self, line: str) -> None:
        """A line of the stack itself."""
        self._speaker.say(line)

    def show(self, name: str, line: str) -> None:
        """A line of a part; words that do not fit follow behind the name too, as it is not the stack that speaks."""
        prefix = self._prefixes[name]
        for text in self._broken(line, self._console.width - len(prefix)):
            self._speaker.say(prefix + text, soft_wrap=True)

    def _broken(self, line: str, room: int) -> list[str]:
        if not self._console.is_terminal:
            return [line]
        # Only between words, so that a name with hyphens can still be copied.
        return TextWrapper(max(MIN_ROOM, room), break_on_hyphens=False).wrap(line) or [""]
