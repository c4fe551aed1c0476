"""Truths in PostgreSQL, in two transactions.

The first one keeps the truths, the second one marks the windows of their predictions. A prediction that the second one
does not see yet is committed after the first one, and so is the mark that its commit leaves: whoever folds its window
then reads the truth. In one transaction a window could be folded between the two, with neither of them seen.
"""

from collections.abc import Sequence
from dataclasses import replace

from psycopg import Connection

from hallmark_qoa.stores.base import TruthOutcome, TruthTold
from hallmark_qoa.stores.marks import Spot, windows_of
from hallmark_qoa.stores.postgres.marks import Writer, mark
from hallmark_qoa.stores.postgres.races import until_won
from hallmark_qoa.stores.rows import stored_text
from hallmark_qoa.stores.truths import Decision, Truth, decide

_KNOWN = """SELECT prediction_id, observed_ns, value FROM truths
    WHERE prediction_id = ANY (%s) ORDER BY prediction_id FOR UPDATE"""

_SPOTS = """SELECT prediction_id, model, consumer, event_ns, started_ns FROM predictions
    WHERE prediction_id = ANY (%s)"""

_ADD = """INSERT INTO truths (prediction_id, observed_ns, value, told_ns, joined)
    SELECT k.*, %s, false FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS k"""

_CHANGE = """UPDATE truths AS t SET observed_ns = k.observed_ns, value = k.value, told_ns = %s, joined = false
    FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS k (prediction_id, observed_ns, value)
    WHERE t.prediction_id = k.prediction_id"""

_UNJOINED = """SELECT p.prediction_id, p.model, p.consumer, p.event_ns, p.started_ns
    FROM truths AS t JOIN predictions AS p USING (prediction_id) WHERE NOT t.joined"""

# Those that are told again as well: whoever told them first may have got no further than to the first transaction.
_TOLD_UNJOINED = f"{_UNJOINED} AND t.prediction_id = ANY (%s) ORDER BY prediction_id FOR SHARE OF p"

_OLD_UNJOINED = f"{_UNJOINED} AND t.told_ns < %s ORDER BY prediction_id LIMIT 1000 FOR SHARE OF p"

_JOIN = "UPDATE truths SET joined = true WHERE prediction_id = ANY (%s)"

_DELETE = """DELETE FROM truths WHERE prediction_id IN (SELECT prediction_id FROM truths
    WHERE NOT joined AND told_ns < %s ORDER BY told_ns LIMIT %s FOR UPDATE SKIP LOCKED)"""


def add_truths(connection: Connection, told: Sequence[TruthTold], writer: Writer) -> list[TruthOutcome]:
    """See :meth:`hallmark_qoa.stores.base.Store.add_truths`."""
    usable = [replace(one, value=stored_text(one.value), prediction=stored_text(one.prediction)) for one in told]
    predictions = sorted({one.prediction for one in usable})
    decision = until_won(lambda: _keep(connection, usable, predictions, writer))
    until_won(lambda: _join(connection, (_TOLD_UNJOINED, predictions), writer))
    return decision.outcomes


def delete_waiting(connection: Connection, told_before_ns: int, limit: int, writer: Writer) -> int:
    """See :meth:`hallmark_qoa.stores.base.Store.delete_waiting_truths`."""
    # Those whose prediction came after all wait no more; a commit does not look for them.
    while until_won(lambda: _join(connection, (_OLD_UNJOINED, told_before_ns), writer)):
        pass
    return connection.execute(_DELETE, (told_before_ns, limit)).rowcount


def _keep(connection: Connection, told: Sequence[TruthTold], predictions: Sequence[str], writer: Writer) -> Decision:
    with connection.transaction():
        known = {one: Truth(*truth) for one, *truth in connection.execute(_KNOWN, (predictions,))}
        spots = {one: Spot(*spot) for one, *spot in connection.execute(_SPOTS, (predictions,))}
        decision = decide(told, known, spots, writer.rules.oldest_ns(writer.now_ns))
        for statement, of_known in ((_ADD, False), (_CHANGE, True)):
            rows = [(one, *truth) for one, truth in sorted(decision.kept.items()) if (one in known) == of_known]
            if rows:
                connection.execute(statement, (writer.now_ns, *map(list, zip(*rows, strict=True))))
    return decision


def _join(connection: Connection, which: tuple[str, object], writer: Writer) -> int:
    """Mark the windows of predictions that have a truth and do not show it yet; how many predictions."""
    statement, parameter = which
    with connection.transaction():
        spots = {one: Spot(*spot) for one, *spot in connection.execute(statement.encode(), (parameter,))}
        connection.execute(_JOIN, (list(spots),))
        base_s, oldest_ns = writer.rules.base_s, writer.rules.oldest_ns(writer.now_ns)
        windows = windows_of((spot for spot in spots.values() if spot.started_ns >= oldest_ns), base_s)
        mark(connection, "fold", base_s, windows, writer)
    return len(spots)
