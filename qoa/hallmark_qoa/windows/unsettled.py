"""Unsettled: windows whose verdicts are not the last word, and when each is to be judged again."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from hallmark_qoa.stores.base import Due
from hallmark_qoa.windows.progress import Progress

PAUSE_S = 5.0
"""Where the policy could not be asked about a window it is asked again after so long."""

MAX_REMEMBERED = 20_000
"""Windows, the last ones; about 5 MB. One that is forgotten, as at a restart, is judged once more than it need be."""


class _Judged(NamedTuple):
    """How a window was judged last."""

    changed_ns: int
    behind: tuple[str, ...]
    """Engines that may have had something of it."""
    until_s: float


class Unsettled:
    """Windows that were judged and are still marked; ``clock`` tells seconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._judged: OrderedDict[tuple[int, str, str, int], _Judged] = OrderedDict()

    def note(self, due: Due, behind: tuple[str, ...], *, failed: bool) -> None:
        """That a window is to be judged again: after a pause where the policy failed, else when something changes."""
        until_s = self._clock() + PAUSE_S if failed else float("inf")
        self._judged[due.place] = _Judged(due.changed_ns, behind, until_s)
        self._judged.move_to_end(due.place)
        if len(self._judged) > MAX_REMEMBERED:
            self._judged.popitem(last=False)

    def waits(self, due: Due, progress: Progress) -> bool:
        """Whether a window that is due has been judged, and nothing has changed since: neither in it nor in engines."""
        judged = self._judged.get(due.place) if due.task == "judge" else None
        if judged is None:
            return False
        now = _Judged(due.changed_ns, progress.behind(due), judged.until_s)
        if judged == now and self._clock() < judged.until_s:
            return True
        del self._judged[due.place]
        return False
