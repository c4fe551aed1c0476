"""What a run says on its terminal, for as long as there is one."""

from rich.console import Console
from rich.text import Text


class Speaker:
    """Says lines where somebody listens: a terminal that was closed must not keep processes from ending in order."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str | Text, *, soft_wrap: bool | None = None) -> None:
        """One line, as it is."""
        try:
            self._console.print(line, markup=False, soft_wrap=soft_wrap)
        except (OSError, SystemExit):
            # SystemExit is what Rich makes of a pipe that nobody reads (Console.on_broken_pipe).
            self._console.quiet = True
