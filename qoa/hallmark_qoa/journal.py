"""Journal: which batches hold spans that are acknowledged but not yet part of a record. Pure.

A source acknowledges a batch once all of it is in the store. A batch with spans of predictions that still wait for
others is written to the store's journal as it came, and goes from there when the last of these has its record.
"""

from collections.abc import Collection, Iterable


class Journal:
    """The entries in the store and the predictions that each one waits for."""

    def __init__(self) -> None:
        self._waits_for: dict[int, set[str]] = {}
        self._entries_of: dict[str, list[int]] = {}
        self._last = 0

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._waits_for)

    def new_entry(self, predictions: Collection[str]) -> int:
        """The id of an entry to write, whose spans of these predictions wait."""
        self._last += 1
        self.keep(self._last, predictions)
        return self._last

    def keep(self, entry: int, predictions: Collection[str]) -> None:
        """Keep account of an entry that is in the store."""
        self._last = max(self._last, entry)
        self._waits_for[entry] = set(predictions)
        for prediction in predictions:
            self._entries_of.setdefault(prediction, []).append(entry)

    def settle(self, predictions: Iterable[str]) -> list[int]:
        """These predictions are about to get their records; the ids of the entries to remove together with that.

        Where that fails the entries stay in the store, and a restart reads them again: merging twice changes nothing.
        """
        done: list[int] = []
        for prediction in predictions:
            for entry in self._entries_of.pop(prediction, ()):
                waits_for = self._waits_for[entry]
                waits_for.discard(prediction)
                if not waits_for:
                    del self._waits_for[entry]
                    done.append(entry)
        return done
