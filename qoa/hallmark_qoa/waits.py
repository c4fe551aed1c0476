"""Waits: who waits for the records of which predictions. Pure.

Two kinds wait: a batch in the store's journal, which goes when the last of its predictions has its record, and a
delivery that its source keeps, which is acknowledged then. Spans of a prediction that are handed on take the waits with
them, as claims: who begins to wait after that waits for the spans that come after that. Where the claims cannot be met
they are given back, as the spans are.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Claims = list[tuple[str, Key]]
"""Pairs of a prediction that was handed on and who waits for its record."""


class Waits(Generic[Key]):
    """Keys, each of which waits for some predictions."""

    def __init__(self) -> None:
        self._left: Counter[Key] = Counter()
        self._waiting: dict[str, list[Key]] = {}

    def __len__(self) -> int:
        """Number of keys that wait."""
        return len(self._left)

    def waiting(self) -> list[Key]:
        """Who waits."""
        return list(self._left)

    def keep(self, key: Key, predictions: Iterable[str]) -> None:
        """A key waits for these too."""
        for prediction in predictions:
            waiting = self._waiting.setdefault(prediction, [])
            if key not in waiting:
                waiting.append(key)
                self._left[key] += 1

    def take(self, predictions: Iterable[str]) -> Claims[Key]:
        """These are handed on: the claims of those who wait for them."""
        if not self._waiting:
            return []
        return [(prediction, key) for prediction in predictions for key in self._waiting.pop(prediction, ())]

    def done_by(self, claims: Claims[Key]) -> list[Key]:
        """Who waits for nothing else than these."""
        met = Counter(key for _, key in claims)
        return [key for key, count in met.items() if count == self._left[key]]

    def meet(self, claims: Claims[Key]) -> list[Key]:
        """These have their records: who waits for nothing more, and is forgotten."""
        done = self.done_by(claims)
        for _, key in claims:
            if key in self._left:
                self._left[key] -= 1
        for key in done:
            del self._left[key]
        return done

    def give_back(self, claims: Claims[Key]) -> None:
        """These could not be met and are to be handed on again."""
        for prediction, key in claims:
            if key not in self._left:
                continue  # forgotten meanwhile
            waiting = self._waiting.setdefault(prediction, [])
            if key in waiting:
                self._left[key] -= 1  # has begun to wait for it once more meanwhile: once is enough
            else:
                waiting.append(key)

    def forget(self, key: Key, predictions: Iterable[str]) -> None:
        """A key, which waited for no others than these, waits no more."""
        self._left.pop(key, None)
        for prediction in predictions:
            waiting = self._waiting.get(prediction)
            if waiting is not None and key in waiting:
                waiting.remove(key)
                if not waiting:
                    del self._waiting[prediction]
