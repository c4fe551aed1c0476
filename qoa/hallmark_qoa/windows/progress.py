"""Progress: up to which event time everything has been seen, so that a window may be judged.

Event time moves on with the latest event of a consumer and model, less the lateness that is granted. Where nothing
comes any more it stands still: then a window is over when the clock says so and nothing has come for it for a while.

No event is later than the clock: one that claims to be moves nothing on.

Where several engines share a store, each says how far it is. One that lives and is not there yet is waited for; one
that has fallen silent, or does not get there, is named, so that nothing is promised of what only it has: its windows
are judged again once it is there, or has been forgotten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hallmark_common.settings import Settings
from hallmark_qoa.stores.base import Due, Store
from hallmark_qoa.windows.share import Share

CAUGHT_UP_NS = 2**62
"""How far an engine is that has nothing left to store."""

BEAT_NS = 5 * 10**9
"""How often an engine says how far it is."""

SILENT_NS = 15 * 10**9
"""An engine that has said nothing for so long is not waited for, and others keep its windows."""

AWAITED_NS = 45 * 10**9
"""A window in which nothing has changed for so long waits for no engine."""

FORGOTTEN_NS = 600 * 10**9
"""After so long it is taken to have been switched off for good."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What another engine said of itself last."""

    seen_ns: int
    """When, nanoseconds since 1970."""
    latest_event_ns: int
    """The latest event that it has stored, or CAUGHT_UP_NS."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all engines are."""

    now_ns: int
    lateness_ns: int
    quiet_ns: int
    others: Mapping[str, Beat]
    own: str = ""
    """Name of this engine."""

    def share(self) -> Share:
        """What this engine has to make, of what is due."""
        return Share(self.own, (name for name, beat in self.others.items() if self._lives(beat)))

    def can_be_over(self, due: Due) -> bool:
        """Whether the clock lets a window be over, whatever its latest event is."""
        return self.now_ns - self.lateness_ns >= due.end_ns

    def is_over(self, due: Due, latest_event_ns: int | None) -> bool:
        """Whether a window may be judged, given the latest event of its consumer and model."""
        if any(self._is_awaited(beat, due) for beat in self.others.values()):
            return False
        seen = latest_event_ns is not None and min(latest_event_ns, self.now_ns) - self.lateness_ns >= due.end_ns
        return seen or self._is_quiet(due)

    def behind(self, due: Due) -> tuple[str, ...]:
        """Engines that may have something of a window that is over, and are not waited for any more."""
        return tuple(sorted(name for name, beat in self.others.items() if self._is_missing(beat, due)))

    def _is_quiet(self, due: Due) -> bool:
        return self.now_ns - due.changed_ns >= self.quiet_ns and self.now_ns >= due.end_ns + self.lateness_ns

    def _is_awaited(self, beat: Beat, due: Due) -> bool:
        return self._lives(beat) and not self._is_there(beat, due) and self.now_ns - due.changed_ns < AWAITED_NS

    def _is_missing(self, beat: Beat, due: Due) -> bool:
        return self.now_ns - beat.seen_ns < FORGOTTEN_NS and not self._is_there(beat, due)

    def _is_there(self, beat: Beat, due: Due) -> bool:
        """Whether an engine has stored all that it has of a window."""
        if beat.latest_event_ns == CAUGHT_UP_NS:  # with what had come when it said so
            return self._lives(beat) or due.changed_ns <= beat.seen_ns
        return min(beat.latest_event_ns, beat.seen_ns) >= due.end_ns

    def _lives(self, beat: Beat) -> bool:
        return self.now_ns - beat.seen_ns < SILENT_NS


class Beats:
    """Says how far this engine is, and hears how far the others are.

    ``latest_event_ns`` tells the former, ``now_ns`` the time in nanoseconds since 1970.
    """

    def __init__(
        self, store: Store, settings: Settings, latest_event_ns: Callable[[], int], now_ns: Callable[[], int]
    ) -> None:
        self._store = store
        self._settings = settings
        self._latest_event_ns = latest_event_ns
        self._now_ns = now_ns
        self._beaten_ns = 0
        self._others: dict[str, Beat] = {}

    async def progress(self) -> Progress:
        """How far all are by now."""
        now_ns, own = self._now_ns(), self._settings.qoa_engine_name
        if now_ns - self._beaten_ns >= BEAT_NS:
            said = await self._store.heartbeat(now_ns, self._latest_event_ns())
            self._others = {name: Beat(*beat) for name, beat in said.items() if name != own}
            self._beaten_ns = now_ns
        return Progress(
            now_ns, int(self._settings.qoa_lateness_s * 1e9), int(self._settings.qoa_quiet_s * 1e9), self._others, own
        )
