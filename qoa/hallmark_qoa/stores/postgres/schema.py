"""The schema of the PostgreSQL store, as the steps that lead to it.

``predictions`` is what makes a prediction unique: a partitioned table can only hold keys that contain the partition
key, and the start of a record changes when an earlier span arrives. It says where the record is, so that no other
index of ``records`` needs the prediction id in front; a row of it without a record belongs to a day that was dropped
and is swept a few at a time.
"""

import logging
from collections.abc import Callable, Sequence

from psycopg import Connection

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_qoa.stores.marks import spot_of
from hallmark_qoa.stores.postgres.session import DDL_LOCK

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 2000
ROWS_PER_LINE = 100_000

Step = str | Callable[[Connection], None]

_SOME = """SELECT started_ns, prediction_id, record FROM records
    WHERE (started_ns, prediction_id) > (%s, %s) ORDER BY started_ns, prediction_id LIMIT %s"""

_FILL = """UPDATE predictions AS p SET event_ns = k.event_ns, model = k.model, consumer = k.consumer
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS k (prediction_id, model, consumer, event_ns)
    WHERE p.prediction_id = k.prediction_id"""


def _fill_event_times(connection: Connection) -> None:
    """Read each record once; a line of the log now and then, as that takes a minute for some millions."""
    last: tuple[int, str] = (-1, "")
    done = 0
    while rows := connection.execute(_SOME, (*last, ROWS_AT_ONCE), binary=True).fetchall():
        spots = ((one, *spot_of(QualityRecord.FromString(record))[:3]) for _, one, record in rows)
        connection.execute(_FILL, [list(column) for column in zip(*spots, strict=True)])
        last, done = rows[-1][:2], done + len(rows)
        if done % ROWS_PER_LINE == 0:
            logger.info("the store is brought up to date: %d records so far", done)


MIGRATIONS: tuple[tuple[Step, ...], ...] = (
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
    (
        # Event times are here and not in records: those of a window may have started on any day.
        """ALTER TABLE predictions ADD COLUMN event_ns bigint NOT NULL DEFAULT 0,
            ADD COLUMN model text COLLATE "C" NOT NULL DEFAULT '',
            ADD COLUMN consumer text COLLATE "C" NOT NULL DEFAULT ''""",
        _fill_event_times,
        "CREATE INDEX predictions_of_series ON predictions (model, consumer, event_ns)",
        # With the id, because many records may have the same event time, down to all of them.
        "CREATE INDEX predictions_by_event ON predictions (event_ns, prediction_id)",
        # Size of the windows that are folded from records.
        "CREATE TABLE base (size_s integer NOT NULL)",
        """CREATE TABLE marks (
            size_s integer NOT NULL,
            task smallint NOT NULL,
            start_ns bigint NOT NULL,
            model text COLLATE "C" NOT NULL,
            consumer text COLLATE "C" NOT NULL,
            engine text COLLATE "C" NOT NULL,
            revision bigint NOT NULL,
            changed_ns bigint NOT NULL,
            PRIMARY KEY (size_s, task, start_ns, model, consumer, engine)
        )""",
        # Sealed is a window of which something that it is made of has been removed: it is never made anew.
        """CREATE TABLE windows (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            size_s integer NOT NULL,
            start_ns bigint NOT NULL,
            model text COLLATE "C" NOT NULL,
            consumer text COLLATE "C" NOT NULL,
            written_ns bigint NOT NULL,
            sealed boolean NOT NULL
        )""",
        "CREATE UNIQUE INDEX windows_of_series ON windows (size_s, model, consumer, start_ns)",
        "CREATE INDEX windows_in_order ON windows (size_s, start_ns, model, consumer)",
        "CREATE INDEX windows_oldest ON windows (size_s, written_ns)",
        """CREATE TABLE folds (
            window_id bigint NOT NULL,
            segment text COLLATE "C" NOT NULL,
            variant text COLLATE "C" NOT NULL,
            version text COLLATE "C" NOT NULL,
            aggregate bytea NOT NULL
        )""",
        "CREATE INDEX folds_of_window ON folds (window_id, segment)",
        """CREATE TABLE verdicts (
            window_id bigint NOT NULL,
            promise bytea NOT NULL,
            start_ns bigint NOT NULL,
            contract text NOT NULL,
            segment text NOT NULL,
            slice text NOT NULL,
            verdict bytea NOT NULL
        )""",
        "CREATE INDEX verdicts_of_window ON verdicts (window_id)",
        "CREATE INDEX verdicts_of_promise ON verdicts (promise, start_ns, slice)",
        # The id of an event is kept as long as the window that it is of, its content until it has been told.
        """CREATE TABLE events (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id text NOT NULL UNIQUE,
            window_id bigint NOT NULL,
            change bytea
        )""",
        "CREATE INDEX events_of_window ON events (window_id)",
        "CREATE INDEX events_untold ON events (number) WHERE change IS NOT NULL",
        """CREATE TABLE teller (
            one boolean PRIMARY KEY,
            engine text NOT NULL,
            until timestamptz NOT NULL
        )""",
        """CREATE TABLE truths (
            prediction_id text COLLATE "C" PRIMARY KEY,
            value text NOT NULL,
            observed_ns bigint NOT NULL,
            told_ns bigint NOT NULL,
            joined boolean NOT NULL
        )""",
        "CREATE INDEX truths_waiting ON truths (told_ns) WHERE NOT joined",
        """CREATE TABLE engines (
            name text PRIMARY KEY,
            seen_ns bigint NOT NULL,
            latest_event_ns bigint NOT NULL
        )""",
    ),
    (
        # A series are the windows of one size, model and consumer; see Series.
        """CREATE TABLE series (
            size_s integer NOT NULL,
            model text COLLATE "C" NOT NULL,
            consumer text COLLATE "C" NOT NULL,
            revision bigint NOT NULL,
            PRIMARY KEY (size_s, model, consumer)
        ) WITH (fillfactor = 50)""",
        # Of windows whose records were there before them; see Series.
        """CREATE TABLE pasts (
            model text COLLATE "C" NOT NULL,
            consumer text COLLATE "C" NOT NULL,
            told_from_ns bigint NOT NULL,
            PRIMARY KEY (model, consumer)
        )""",
        # Of those before nobody has looked: to judge one again too often does no harm.
        "ALTER TABLE verdicts ADD COLUMN violated boolean NOT NULL DEFAULT true",
        "CREATE INDEX verdicts_violated ON verdicts (window_id) WHERE violated",
        # What has been told stays for those who follow changes.
        "ALTER TABLE events ADD COLUMN told boolean NOT NULL DEFAULT false",
        "UPDATE events SET told = true WHERE change IS NULL",
        "DROP INDEX events_untold",
        "CREATE INDEX events_untold ON events (number) WHERE NOT told",
        # Records that name no model have no windows.
        "DELETE FROM marks WHERE model = ''",
        "DELETE FROM folds WHERE window_id IN (SELECT id FROM windows WHERE model = '')",
        "DELETE FROM windows WHERE model = ''",
    ),
)
"""Steps that lead from schema version n to n + 1, at index n. Only ever appended to."""


class TooNewError(Exception):
    """The database was written by a later version of this program."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"its schema version is {found}, this program knows up to {known}")


def migrate(connection: Connection, migrations: Sequence[Sequence[Step]] = MIGRATIONS) -> None:
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
            for step in migrations[version]:
                _take(connection, step)
            connection.execute("INSERT INTO schema_version VALUES (%s)", (version + 1,))


def _take(connection: Connection, step: Step) -> None:
    if isinstance(step, str):
        connection.execute(step.encode())
    else:
        step(connection)
