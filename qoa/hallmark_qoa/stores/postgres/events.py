"""Events in PostgreSQL, told by one engine at a time and so in their order, and how far each engine is.

Transactions that put events take turns, so that events are seen in the order of their numbers: whoever has seen one has
seen all with a smaller number.
"""

from collections.abc import Sequence

from psycopg import Connection

from hallmark_qoa.stores.base import Event, Noted
from hallmark_qoa.stores.postgres.session import DDL_LOCK
from hallmark_qoa.stores.rows import DAY_NS, stored_text

EVENTS_LOCK = DDL_LOCK + 1
"""Advisory lock of who puts events."""

_PUT = """INSERT INTO events (id, window_id, change)
    SELECT k.id, %b, k.change FROM unnest(%b::text[], %b::bytea[], %b::text[]) AS k (id, change, settles)
    WHERE k.settles = '' OR EXISTS (SELECT FROM events AS e WHERE e.id = k.settles) ON CONFLICT (id) DO NOTHING"""

_TAKE_TURN = "SELECT pg_advisory_xact_lock(%s)"

_UNTOLD = "SELECT id, change FROM events WHERE NOT told ORDER BY number LIMIT %s"

# Of what was told before there were any who follow the content is gone.
AFTER = "SELECT number, change FROM events WHERE number > %s AND change IS NOT NULL ORDER BY number LIMIT %s"

_TELLS = "SELECT FROM teller WHERE engine = %s AND until > clock_timestamp()"

# By the clock of the database: those of engines may differ by more than it takes.
_BECOME_TELLER = """INSERT INTO teller VALUES (true, %s, clock_timestamp() + %s * interval '1 second')
    ON CONFLICT (one) DO UPDATE SET engine = excluded.engine, until = excluded.until
    WHERE teller.until <= clock_timestamp() RETURNING one"""

_GO_ON = """UPDATE teller SET until = clock_timestamp() + %s * interval '1 second'
    WHERE engine = %s AND until > clock_timestamp()"""

_TOLD = "UPDATE events SET told = true WHERE id = ANY (%s)"

_FORGET = """DELETE FROM events WHERE id = ANY (%s)
    AND NOT EXISTS (SELECT FROM windows WHERE windows.id = events.window_id)"""

_BEAT = """INSERT INTO engines VALUES (%s, %s, %s) ON CONFLICT (name)
    DO UPDATE SET seen_ns = excluded.seen_ns, latest_event_ns = excluded.latest_event_ns"""


def put_events(connection: Connection, window: int, events: Sequence[Event]) -> None:
    """Add events of a window that are new, as the last thing in a transaction."""
    firsts: dict[str, Event] = {}
    for event in events:
        firsts.setdefault(event.id, event)
    if firsts:
        rows = ((event.id, event.change, event.settles) for event in firsts.values())
        connection.execute(_TAKE_TURN, (EVENTS_LOCK,))
        connection.execute(_PUT, (window, *map(list, zip(*rows, strict=True))))


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


def events(connection: Connection, after: int, limit: int) -> list[Noted]:
    """See :meth:`hallmark_qoa.stores.base.Store.events`."""
    return [Noted(*row) for row in connection.execute(AFTER, (after, limit), binary=True)]


def last_event(connection: Connection) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.last_event`."""
    (number,) = connection.execute("SELECT max(number) FROM events").fetchone() or (None,)
    return number or 0


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
