"""Verdicts on windows in PostgreSQL."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import Due, Event, Spent, Windows
from hallmark_qoa.stores.marks import Window
from hallmark_qoa.stores.postgres.events import put_events
from hallmark_qoa.stores.postgres.marks import Writer, mark_to_judge
from hallmark_qoa.stores.postgres.series import mark_reckoned
from hallmark_qoa.stores.postgres.windows import (
    Parameters,
    renew_or_leave,
    take_or_leave,
    unless_changed,
    window_number,
    windows_with,
)
from hallmark_qoa.stores.rows import stored_text
from hallmark_qoa.stores.verdicts import ANY_NS, Promise, in_order, promise_key, promise_of, slice_of

_PUT = """INSERT INTO verdicts (window_id, promise, start_ns, contract, segment, slice, violated, verdict)
    SELECT %b, k.promise, %b, k.contract, k.segment, k.slice, k.violated, k.verdict
    FROM unnest(%b::bytea[], %b::text[], %b::text[], %b::text[], %b::boolean[], %b::bytea[])
        AS k (promise, contract, segment, slice, violated, verdict)"""

SLICES = """SELECT slice, count(*) FROM verdicts
    WHERE promise = %s AND start_ns >= %s AND start_ns < %s GROUP BY slice"""


def put_verdicts(
    connection: Connection,
    due: Due,
    verdicts: Sequence[WindowVerdict],
    events: Sequence[Event],
    spent: Sequence[Spent],
    *,
    seen: int | None,
    again: bool,
    writer: Writer,
) -> bool:
    """See :meth:`hallmark_qoa.stores.base.Store.put_verdicts`."""

    def put() -> bool:
        with connection.transaction():
            take_or_leave(connection, due)
            renew_or_leave(connection, due, seen)
            number = window_number(connection, due)
            if number is None:
                return False
            connection.execute("DELETE FROM verdicts WHERE window_id = %s", (number,))
            if verdicts:
                rows = (_row(due, verdict) for verdict in verdicts)
                connection.execute(_PUT, (number, due.start_ns, *map(list, zip(*rows, strict=True))))
            mark_reckoned(connection, due, spent, writer)
            if again:
                window = Window(due.start_ns, due.model, due.consumer)
                mark_to_judge(connection, due.size_s, [window], writer._replace(now_ns=due.changed_ns))
            put_events(connection, number, events)
        return True

    return unless_changed(put)


def verdicts(connection: Connection, which: Windows, contract: str) -> list[WindowVerdict]:
    """See :meth:`hallmark_qoa.stores.base.Store.verdicts`."""
    statement, parameters = verdicts_query(which, contract)
    rows = connection.execute(statement.encode(), parameters, binary=True)
    return sorted((WindowVerdict.FromString(verdict) for (verdict,) in rows), key=in_order)


def verdicts_query(which: Windows, contract: str) -> tuple[str, Parameters]:
    """The statement for verdicts, in no order, and its parameters."""
    source, parameters = windows_with("verdicts", which)
    if not contract:
        return f"SELECT verdict {source}", parameters
    return f"SELECT verdict {source} AND i.contract = %s", [*parameters, stored_text(contract)]


def slices(connection: Connection, which: Windows, contract: str, objective: str, variant: str) -> Counter[str]:
    """See :meth:`hallmark_qoa.stores.base.Store.slices`."""
    series = (which.size_s, which.model, which.consumer)
    promise = Promise(*series, contract, objective, variant, which.segment or "")
    from_ns = ANY_NS[0] if which.from_ns is None else which.from_ns
    before_ns = ANY_NS[1] if which.before_ns is None else which.before_ns
    return Counter(dict(connection.execute(SLICES, (promise_key(promise), from_ns, before_ns))))


def _row(due: Due, verdict: WindowVerdict) -> tuple[Any, ...]:
    promise = promise_key(promise_of(due, verdict))
    content = verdict.SerializeToString(deterministic=True)
    said = (slice_of(verdict), verdict.verdict == "violated", content)
    return promise, stored_text(verdict.contract), stored_text(verdict.segment), *said
