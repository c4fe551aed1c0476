"""Events in SQLite: kept until they have been told, and as long as the window that they are of."""

import sqlite3
from collections.abc import Sequence

from hallmark_qoa.stores.base import Event, Noted
from hallmark_qoa.stores.sqlite.file import transaction

_PUT = """INSERT OR IGNORE INTO events (id, window, change)
    SELECT ?1, ?2, ?3 WHERE ?4 = '' OR EXISTS (SELECT 1 FROM events WHERE id = ?4)"""

_FORGET = """DELETE FROM events WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM windows WHERE windows.id = events.window)"""


# Of what was told before there were any who follow the content is gone.
AFTER = "SELECT number, change FROM events WHERE number > ? AND change IS NOT NULL ORDER BY number LIMIT ?"


def put_events(connection: sqlite3.Connection, window: int, events: Sequence[Event]) -> None:
    """Add events of a window that are new, inside a transaction."""
    connection.executemany(_PUT, ((event.id, window, event.change, event.settles) for event in events))


def untold(connection: sqlite3.Connection, limit: int) -> list[Event]:
    """See :meth:`hallmark_qoa.stores.base.Store.untold`; there is one engine."""
    rows = connection.execute("SELECT id, change FROM events WHERE NOT told ORDER BY number LIMIT ?", (limit,))
    return [Event(*row) for row in rows]


def told(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """See :meth:`hallmark_qoa.stores.base.Store.told`."""
    with transaction(connection):
        connection.executemany("UPDATE events SET told = 1 WHERE id = ?", [(one,) for one in ids])
        connection.executemany(_FORGET, [(one,) for one in ids])


def events(connection: sqlite3.Connection, after: int, limit: int) -> list[Noted]:
    """See :meth:`hallmark_qoa.stores.base.Store.events`."""
    return [Noted(*row) for row in connection.execute(AFTER, (after, limit))]


def last_event(connection: sqlite3.Connection) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.last_event`."""
    (number,) = connection.execute("SELECT max(number) FROM events").fetchone()
    return number or 0
