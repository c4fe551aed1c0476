"""Events in PostgreSQL, told by one engine at a time and so in their order, and how far each engine is."""

from collections.abc import Sequence

from psycopg import Connection

from hallmark_qoa.stores.base import Event
from hallmark_qoa.stores.rows import DAY_NS, stored_text

_PUT = """INSERT INTO events (id, window_id, change)
    SELECT k.id, %b, k.change FROM unnest(%b::text[], %b::bytea[]) AS k (id, change) ON CONFLICT (id) DO NOTHING"""

_UNTOLD = "SELECT id, change FROM events WHERE change IS NOT NULL ORDER BY number LIMIT %s"

_TELLS = "SELECT FROM teller WHERE engine = %s AND until > clock_timestamp()"

# By the clock of the database: those of engines may differ by more than it takes.
_BECOME_TELLER = """INSERT INTO teller VALUES (true, %s, clock_timestamp() + %s * interval '1 second')
    ON CONFLICT (one) DO UPDATE SET engine = excluded.engine, until = excluded.until
    WHERE teller.until <= clock_timestamp() RETURNING one"""

_GO_ON = """UPDATE teller SET until = clock_timestamp() + %s * interval '1 second'
    WHERE engine = %s AND until > clock_timestamp()"""

_TOLD = "UPDATE events SET change = NULL WHERE id = ANY (%s)"

_FORGET = """DELETE FROM events WHERE id = ANY (%s)
    AND NOT EXISTS (SELECT FROM windows WHERE windows.id = events.window_id)"""

_BEAT = """INSERT INTO engines VALUES (%s, %s, %s) ON CONFLICT (name)
    DO UPDATE SET seen_ns = excluded.seen_ns, latest_event_ns = excluded.latest_event_ns"""


def put_events(connection: Connection, window: int, events: Sequence[Event]) -> None:
    """Add events of a window that are new, inside a transaction."""
    changes = {event.id: event.change for event in reversed(events)}  # the first of those with the same id
    if changes:
        ordered = {event.id: changes[event.id] for event in events}
        connection.execute(_PUT, (window, list(ordered), list(ordered.values())))


def untold(connection: Connection, limit: int, engine: str, lease_s: float) -> list[Event]:
    """See :meth:`hallmark_qoa.stores.base.Store.untold`.

    Whoever is given events has so many seconds to tell some of them, and again as many after each that it has told.
    """
    if connection.execute(_UNTOLD, (1,)).fetchone() is None:
        return []
    if not _may_tell(connection, stored_text(engine), lease_s):
        return []
    return [Event(*row) for row in connection.execute(_UNTOLD, (limit,), binary=True)]  # what nobody else is telling


def told(connection: Connection, ids: Sequence[str], engine: str, lease_s: float) -> None:
    """See :meth:`hallmark_qoa.stores.base.Store.told`."""
    with connection.transaction():
        connection.execute(_TOLD, (list(ids),))
        connection.execute(_FORGET, (list(ids),))
        connection.execute(_GO_ON, (lease_s, stored_text(engine)))


def heartbeat(connection: Connection, engine: str, now_ns: int, latest_event_ns: int) -> dict[str, tuple[int, int]]:
    """See :meth:`hallmark_qoa.stores.base.Store.heartbeat`; engines that said nothing for a day are forgotten."""
    connection.execute(_BEAT, (stored_text(engine), now_ns, latest_event_ns))
    connection.execute("DELETE FROM engines WHERE seen_ns < %s", (now_ns - DAY_NS,))
    rows = connection.execute("SELECT name, seen_ns, latest_event_ns FROM engines")
    return {name: (seen_ns, latest_ns) for name, seen_ns, latest_ns in rows}


def _may_tell(connection: Connection, engine: str, lease_s: float) -> bool:
    if connection.execute(_TELLS, (engine,)).fetchone() is not None:
        return True
    return connection.execute(_BECOME_TELLER, (engine, lease_s)).fetchone() is not None
