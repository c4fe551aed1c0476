"""Events in SQLite: kept until they have been told, their ids as long as the window that they are of."""

import sqlite3
from collections.abc import Sequence

from hallmark_qoa.stores.base import Event
from hallmark_qoa.stores.sqlite_file import transaction

_FORGET = """DELETE FROM events WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM windows WHERE windows.id = events.window)"""


def put_events(connection: sqlite3.Connection, window: int, events: Sequence[Event]) -> None:
    """Add events of a window that are new, inside a transaction."""
    connection.executemany(
        "INSERT OR IGNORE INTO events (id, window, change) VALUES (?, ?, ?)",
        ((event.id, window, event.change) for event in events),
    )


def untold(connection: sqlite3.Connection, limit: int) -> list[Event]:
    """See :meth:`hallmark_qoa.stores.base.Store.untold`; there is one engine."""
    rows = connection.execute(
        "SELECT id, change FROM events WHERE change IS NOT NULL ORDER BY number LIMIT ?", (limit,)
    )
    return [Event(*row) for row in rows]


def told(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """See :meth:`hallmark_qoa.stores.base.Store.told`."""
    with transaction(connection):
        connection.executemany("UPDATE events SET change = NULL WHERE id = ?", [(one,) for one in ids])
        connection.executemany(_FORGET, [(one,) for one in ids])
