"""How far a command is that reads many records: a bar on stderr, where that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hallmark_cli import output


class Bar:
    """The bar of one reading."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def expect(self, total: int) -> None:
        """Say how many there are."""
        self._progress.update(self._task, total=total)

    def advance(self, count: int) -> None:
        """Say that so many more have been read."""
        self._progress.advance(self._task, count)


@contextmanager
def bar(what: str) -> Iterator[Bar]:
    """A bar with the time that is left; it goes with the end."""
    console = output.stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield Bar(progress, progress.add_task(what, total=None))
