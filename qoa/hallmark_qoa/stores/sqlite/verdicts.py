"""Verdicts on windows in SQLite."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Event, Spent, Windows
from hallmark_qoa.stores.marks import Window
from hallmark_qoa.stores.sqlite.events import put_events
from hallmark_qoa.stores.sqlite.file import transaction
from hallmark_qoa.stores.sqlite.marks import mark_to_judge, take
from hallmark_qoa.stores.sqlite.series import mark_reckoned, renew, series
from hallmark_qoa.stores.sqlite.windows import Parameters, window_number, windows_with
from hallmark_qoa.stores.verdicts import ANY_NS, Promise, in_order, promise_key, promise_of, slice_of

_PUT = """INSERT INTO verdicts (window, promise, start_ns, contract, segment, slice, violated, verdict)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""

SLICES = """SELECT slice, count(*) FROM verdicts
    WHERE promise = ? AND start_ns >= ? AND start_ns < ? GROUP BY slice"""


def put_verdicts(
    connection: sqlite3.Connection,
    due: Due,
    verdicts: Sequence[WindowVerdict],
    events: Sequence[Event],
    spent: Sequence[Spent],
    *,
    seen: int | None,
    again: bool,
    now_ns: int,
) -> bool:
    """See :meth:`hallmark_qoa.stores.base.Store.put_verdicts`."""
    with transaction(connection):
        if seen not in (None, series(connection, due).revision) or not take(connection, due):
            return False
        number = window_number(connection, due)
        if number is None:
            return False
        connection.execute("DELETE FROM verdicts WHERE window = ?", (number,))
        connection.executemany(_PUT, [_row(due, number, verdict) for verdict in verdicts])
        put_events(connection, number, events)
        renew(connection, due)
        mark_reckoned(connection, due, spent, now_ns)
        if again:
            mark_to_judge(connection, due.size_s, [Window(due.start_ns, due.model, due.consumer)], due.changed_ns)
    return True


def verdicts(connection: sqlite3.Connection, which: Windows, contract: str) -> list[WindowVerdict]:
    """See :meth:`hallmark_qoa.stores.base.Store.verdicts`."""
    statement, parameters = verdicts_query(which, contract)
    rows = connection.execute(statement, parameters)
    return sorted((WindowVerdict.FromString(verdict) for (verdict,) in rows), key=in_order)


def verdicts_query(which: Windows, contract: str) -> tuple[str, Parameters]:
    """The statement for verdicts, in no order, and its parameters."""
    source, parameters = windows_with("verdicts", which)
    if not contract:
        return f"SELECT verdict {source}", parameters
    return f"SELECT verdict {source} AND i.contract = ?", [*parameters, contract]


def slices(connection: sqlite3.Connection, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
    """See :meth:`hallmark_qoa.stores.base.Store.slices`."""
    series = (which.size_s, which.model, which.consumer)
    promise = Promise(*series, contract, objective, variant, which.segment or "")
    from_ns = ANY_NS[0] if which.from_ns is None else which.from_ns
    before_ns = ANY_NS[1] if which.before_ns is None else which.before_ns
    return Counter(dict(connection.execute(SLICES, (promise_key(promise), from_ns, before_ns))))


def _row(due: Due, window: int, verdict: WindowVerdict) -> tuple[Any, ...]:
    promise = promise_key(promise_of(due, verdict))
    content = verdict.SerializeToString(deterministic=True)
    said = (slice_of(verdict), verdict.verdict == "violated", content)
    return window, promise, due.start_ns, verdict.contract, verdict.segment, *said
