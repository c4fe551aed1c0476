"""Follower: shows those who watch every change of a verdict, whichever engine of the store has found it."""

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_qoa.stores.base import Store
from hallmark_qoa.watch import VerdictWatchers

LOOK_S = 1.0
"""Between two looks into the store."""

MAX_AT_ONCE = 1000
"""Changes in memory."""


class Follower:
    """Follows the events of a store from the place in their order where it began."""

    def __init__(self, store: Store, watchers: VerdictWatchers, after: int) -> None:
        self._store = store
        self._watchers = watchers
        self._after = after

    @classmethod
    async def begin(cls, store: Store, watchers: VerdictWatchers) -> "Follower":
        """From now on."""
        return cls(store, watchers, await store.last_event())

    async def look(self) -> None:
        """Show what has come since the last look, each change once and in order; to be called every LOOK_S."""
        if not len(self._watchers):
            self._after = await self._store.last_event()
            return
        while events := await self._store.events(self._after, MAX_AT_ONCE):
            for event in events:
                self._watchers.publish(VerdictChange.FromString(event.change))
            self._after = events[-1].number
