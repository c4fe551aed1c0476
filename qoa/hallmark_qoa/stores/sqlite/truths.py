"""Truths in SQLite."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from hallmark_qoa.stores.base import TruthOutcome, TruthTold
from hallmark_qoa.stores.marks import Spot, WindowRules, windows_of
from hallmark_qoa.stores.sqlite.commit import chunks
from hallmark_qoa.stores.sqlite.file import transaction
from hallmark_qoa.stores.sqlite.marks import mark
from hallmark_qoa.stores.truths import Truth, decide

_KNOWN = "SELECT prediction_id, observed_ns, value FROM truths WHERE prediction_id IN ({})"
_SPOTS = "SELECT prediction_id, model, consumer, event_ns, started_ns FROM records WHERE prediction_id IN ({})"
_PUT = "INSERT OR REPLACE INTO truths (prediction_id, observed_ns, value, told_ns, joined) VALUES (?, ?, ?, ?, ?)"
_HAS_RECORD = "EXISTS (SELECT 1 FROM records WHERE records.prediction_id = truths.prediction_id)"


def add_truths(
    connection: sqlite3.Connection, told: Sequence[TruthTold], rules: WindowRules, now_ns: int
) -> list[TruthOutcome]:
    """See :meth:`hallmark_qoa.stores.base.Store.add_truths`."""
    predictions = list({one.prediction for one in told})
    with transaction(connection):
        spots = _spots(connection, predictions)
        decision = decide(told, _known(connection, predictions), spots, rules.oldest_ns(now_ns))
        rows = [(one, *truth, now_ns, one in spots) for one, truth in decision.kept.items()]
        connection.executemany(_PUT, rows)
        joined = (spots[one] for one in decision.kept if one in spots)
        mark(connection, "fold", rules.base_s, windows_of(joined, rules.base_s), now_ns)
    return decision.outcomes


def delete_waiting(connection: sqlite3.Connection, told_before_ns: int, limit: int) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.delete_waiting_truths`."""
    with transaction(connection):
        # Those whose prediction came after all wait no more; a commit does not look for them.
        connection.execute(
            f"UPDATE truths SET joined = 1 WHERE NOT joined AND told_ns < ? AND {_HAS_RECORD}", (told_before_ns,)
        )
        return connection.execute(
            "DELETE FROM truths WHERE prediction_id IN "
            "(SELECT prediction_id FROM truths WHERE NOT joined AND told_ns < ? ORDER BY told_ns LIMIT ?)",
            (told_before_ns, limit),
        ).rowcount


def remove_truths(connection: sqlite3.Connection, predictions: Iterable[str]) -> None:
    """Remove the truths of predictions, inside a transaction."""
    connection.executemany("DELETE FROM truths WHERE prediction_id = ?", [(one,) for one in predictions])


def _known(connection: sqlite3.Connection, predictions: Sequence[str]) -> Mapping[str, Truth]:
    return {
        prediction: Truth(observed_ns, value)
        for marks, some in chunks(predictions)
        for prediction, observed_ns, value in connection.execute(_KNOWN.format(marks), some)
    }


def _spots(connection: sqlite3.Connection, predictions: Sequence[str]) -> Mapping[str, Spot]:
    return {
        prediction: Spot._make(spot)
        for marks, some in chunks(predictions)
        for prediction, *spot in connection.execute(_SPOTS.format(marks), some)
    }
