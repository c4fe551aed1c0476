"""Before: the verdicts before a window that somebody may have been told, which those on the window are news beside."""

import math
from collections.abc import Sequence

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.judge.changes import Key, key_of, latest_by_key
from hallmark_qoa.judge.material import Material
from hallmark_qoa.judge.promises import Promised
from hallmark_qoa.stores.base import Due, Windows

AT_ONCE = 20
"""So many windows before one are looked at first; nearly always they have what is looked for."""

_EARLIEST_NS = -(2**62)


class Before:
    """Finds them in a store, however long ago they were; not in windows that start before ``from_ns``."""

    def __init__(self, store: Material, promised: Promised, due: Due, from_ns: int | None) -> None:
        self._store = store
        self._promised = promised
        self._due = due
        self._from_ns = _EARLIEST_NS if from_ns is None else from_ns

    async def verdicts(self, of: Sequence[WindowVerdict]) -> dict[Key, WindowVerdict]:
        """The last verdict before each of those on the window; none where there is none."""
        due = self._due
        which = Windows(due.size_s, due.model, due.consumer, self._from_ns, due.start_ns, last=AT_ONCE)
        latest = latest_by_key(await self._store.verdicts(which))
        found = {}
        for verdict in of:
            key = key_of(verdict)
            before = latest.get(key)
            if before is None and latest:
                before = await self._last(key, due.start_ns)
            if self._promised.silence_of(verdict) is None:
                before = await self._told(before)
            if before is not None:
                found[key] = before
        return found

    async def _told(self, before: WindowVerdict | None) -> WindowVerdict | None:
        """That one, or the last one before it of which a silence does not keep anybody from being told.

        While a promise is silenced it may be broken, or kept again: who hears of it next must hear how it is then.
        """
        while before is not None and (silence := self._promised.silence_of(before)) is not None:
            before = await self._last(key_of(before), math.ceil(silence.since.timestamp()) * 10**9)
        return before

    async def _last(self, key: Key, before_ns: int) -> WindowVerdict | None:
        """The last verdict in windows that start before a time: found by counting, as it may be long ago."""
        near, far = 0, before_ns - self._from_ns
        if not await self._is_within(far, key, before_ns):
            return None
        while far - near > self._due.size_s * 10**9:
            middle = (near + far) // 2
            if await self._is_within(middle, key, before_ns):
                far = middle
            else:
                near = middle
        due, contract = self._due, key[0]
        which = Windows(due.size_s, due.model, due.consumer, before_ns - far, before_ns - near)
        return latest_by_key(await self._store.verdicts(which, contract)).get(key)

    async def _is_within(self, ns: int, key: Key, before_ns: int) -> bool:
        """Whether there is a verdict in windows that start within so many nanoseconds before a time."""
        due, (contract, objective, variant, segment) = self._due, key
        which = Windows(due.size_s, due.model, due.consumer, before_ns - ns, before_ns, segment)
        return (await self._store.slices(which, contract, objective, variant)).total() > 0
