"""The schema of the PostgreSQL store, as the steps that lead to it.

``predictions`` is what makes a prediction unique: a partitioned table can only hold keys that contain the partition
key, and the start of a record changes when an earlier span arrives. It says where the record is, so that no other
index of ``records`` needs the prediction id in front; a row of it without a record belongs to a day that was dropped
and is swept a few at a time.
"""

from collections.abc import Sequence

from psycopg import Connection

from hallmark_qoa.stores.postgres_session import DDL_LOCK

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE predictions (
            prediction_id text COLLATE "C" PRIMARY KEY,
            started_ns bigint NOT NULL,
            age_ns bigint NOT NULL
        )""",
        "CREATE INDEX predictions_oldest ON predictions (age_ns)",
        """CREATE TABLE records (
            prediction_id text COLLATE "C" NOT NULL,
            started_ns bigint NOT NULL,
            consumer text NOT NULL,
            model text NOT NULL,
            status text NOT NULL,
            record bytea NOT NULL,
            spans bytea NOT NULL
        ) PARTITION BY RANGE (started_ns)""",
        "CREATE UNIQUE INDEX records_newest ON records (started_ns DESC, prediction_id)",
        "CREATE INDEX records_newest_of_consumer ON records (consumer, started_ns DESC, prediction_id)",
        # Failures are few and looked for often: found without a walk over all that went well, and next to free to keep.
        "CREATE INDEX records_newest_failed ON records (status, started_ns DESC, prediction_id) WHERE status <> 'OK'",
        "CREATE TABLE records_other PARTITION OF records DEFAULT",
        # One row an engine and day, so that no engine waits for another; only the sum over engines means anything.
        """CREATE TABLE usage (
            engine text NOT NULL,
            day integer NOT NULL,
            bytes bigint NOT NULL,
            PRIMARY KEY (engine, day)
        ) WITH (fillfactor = 50)""",
        "CREATE TABLE dropped_days (day integer PRIMARY KEY)",
        """CREATE TABLE journal (
            engine text NOT NULL,
            id bigint NOT NULL,
            request bytea NOT NULL,
            PRIMARY KEY (engine, id)
        )""",
    ),
)
"""Statements that lead from schema version n to n + 1, at index n. Only ever appended to."""


class TooNewError(Exception):
    """The database was written by a later version of this program."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"its schema version is {found}, this program knows up to {known}")


def migrate(connection: Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring a database, empty or old, to the last version in one transaction; :class:`TooNewError` beyond that.

    Engines that start at the same time take turns.
    """
    with connection.transaction():
        # A step may take long on a database that is full, and who waits for it must not give up.
        connection.execute("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (DDL_LOCK,))
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY)")
        (found,) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone() or (0,)
        if found > len(migrations):
            raise TooNewError(found, len(migrations))
        for version in range(found, len(migrations)):
            for statement in migrations[version]:
                connection.execute(statement.encode())
            connection.execute("INSERT INTO schema_version VALUES (%s)", (version + 1,))
