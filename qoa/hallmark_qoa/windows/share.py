"""Share: which series an engine keeps, of those that it shares a store with. Pure.

Each series has one keeper among the engines that live: the one with the greatest weight for it (Thaler and Ravishankar
1998, "Using name-based mappings to increase hit rates", section III: rendezvous hashing). Where one dies, only its
series go to others. Engines need not agree on who lives: a window that two of them make comes out the same, and none is
left out, as the one with the greatest weight always counts itself.
"""

import hashlib
from collections.abc import Iterable

from hallmark_qoa.stores.base import Due


class Share:
    """That of one engine beside others that live."""

    def __init__(self, own: str, others: Iterable[str]) -> None:
        self._own = own
        self._others = tuple(others)
        self._known: dict[tuple[str, str], bool] = {}

    def __contains__(self, due: Due) -> bool:
        """Whether a window is this engine's to make; those of one consumer and model are all, of whatever size."""
        series = (due.model, due.consumer)
        if series not in self._known:
            own = _weight(self._own, series)
            self._known[series] = all(own > _weight(other, series) for other in self._others)
        return self._known[series]


def _weight(engine: str, series: tuple[str, str]) -> tuple[bytes, str]:
    text = "".join(f"{len(part)}:{part}" for part in (engine, *series))
    return hashlib.blake2b(text.encode(), digest_size=8).digest(), engine
