"""What must hold before an engine works in a database: it can hold any text, and no other engine has the same id."""

import psycopg
from psycopg import Connection


class UnusableError(Exception):
    """Why the engine cannot work in this database; one line."""


def take_engine(connection: Connection, engine: str, take_over_s: float) -> None:
    """Hold the id of an engine as long as the connection lives; :class:`UnusableError` where another one holds it."""
    _check_encoding(connection)
    try:
        with connection.transaction():
            connection.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', '0', true)",
                (f"{take_over_s * 1e3:.0f}",),
            )
            connection.execute("SELECT pg_advisory_lock(hashtextextended('hallmark engine ' || %s, 0))", (engine,))
    except psycopg.errors.LockNotAvailable:
        raise UnusableError(f"another engine works under the id {engine!r}; give each engine one of its own") from None


def _check_encoding(connection: Connection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnusableError(f"its encoding is {encoding}; create the database with ENCODING 'UTF8'")
