"""Connections to PostgreSQL: how they are made, and made again when they break."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import Connection, IsolationLevel

T = TypeVar("T")

DDL_LOCK = 0x68616C6C_6D61726B
"""Advisory lock of what changes tables: migrations, and days that come and go."""

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30.0
LOCK_TIMEOUT_S = 10.0
TELLING_S = 30.0
TAKE_OVER_S = 30.0
"""The server's keepalive finds out that an engine is gone within 25 s."""

_TRANSPORT: dict[str, str | int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds until data that nobody confirms breaks the connection
    "target_session_attrs": "read-write",
}

_SETTINGS = """SELECT set_config(name, wanted, false) FROM (VALUES
    ('statement_timeout', %(statement_ms)s),
    ('lock_timeout', %(lock_ms)s),
    ('idle_in_transaction_session_timeout', %(statement_ms)s),
    -- The server must notice that an engine is gone before another one with its id can work.
    ('tcp_keepalives_idle', '10'),
    ('tcp_keepalives_interval', '5'),
    ('tcp_keepalives_count', '3'),
    -- Every statement here is a walk along an index, in its order. A plan that was made before the first ANALYZE of a
    -- day must not be another: the first page of a frequent consumer took 220 ms instead of 1 ms.
    ('enable_seqscan', 'off'),
    ('enable_bitmapscan', 'off'),
    ('enable_sort', 'off'),
    ('enable_hashjoin', 'off'),
    ('enable_mergejoin', 'off'),
    ('jit', 'off'),
    -- To start workers takes ten times as long as what is looked for.
    ('max_parallel_workers_per_gather', '0'),
    -- Several times faster than pglz at about the same size; not every server was built with it.
    ('default_toast_compression', 'lz4')
) AS settings (name, wanted) JOIN pg_settings AS known USING (name)
WHERE known.vartype <> 'enum' OR wanted = ANY (known.enumvals)"""


@dataclass(frozen=True, slots=True)
class Target:
    """A database, and how long it may take."""

    url: str
    """Connection string; what it says of keepalives and timeouts of the connection goes before our own."""
    engine: str
    """Id of the engine; part of the application name."""
    password: str | None = field(default=None, repr=False)
    statement_timeout_s: float = STATEMENT_TIMEOUT_S
    lock_timeout_s: float = LOCK_TIMEOUT_S
    take_over_s: float = TAKE_OVER_S
    """How long to wait for the connection of an engine with this id that died without a word."""
    telling_s: float = TELLING_S
    """How long an engine that tells events, and then stops, keeps others from telling them."""


def connect(target: Target) -> Connection:
    """A new connection that is set up; :class:`psycopg.Error` where that cannot be done."""
    given = psycopg.conninfo.conninfo_to_dict(target.url)
    options = {**_TRANSPORT, "application_name": f"hallmark-qoa {target.engine}", **given}
    if target.password is not None:
        options["password"] = target.password
    connection: Connection = psycopg.connect(**options, autocommit=True, prepare_threshold=None)  # type: ignore[arg-type]  # libpq's parameters are strings or numbers
    try:
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        connection.execute(_SETTINGS, _timeouts(target))
    except BaseException:
        connection.close()
        raise
    return connection


class Session:
    """A connection that is opened when it is needed, and again when it broke; used by one thread at a time."""

    def __init__(self, open_connection: Callable[[], Connection]) -> None:
        self._open = open_connection
        self._connection: Connection | None = None

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do work that may be done twice: where a connection of before turns out to be lost it is done on a new one."""
        connection, was_open = self._connection, self._connection is not None
        if connection is None:
            connection = self._connection = self._open()
        try:
            return work(connection)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
            self.close()
            if not was_open:
                raise
        return self.run(work)

    def close(self) -> None:
        """Close the connection; the next work opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _timeouts(target: Target) -> dict[str, str]:
    return {
        "statement_ms": f"{target.statement_timeout_s * 1e3:.0f}",
        "lock_ms": f"{target.lock_timeout_s * 1e3:.0f}",
    }
