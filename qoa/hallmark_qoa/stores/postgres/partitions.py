"""Partitions that are made as records come."""

import logging
from collections.abc import Sequence

import psycopg
from psycopg import Connection

from hallmark_qoa.facts import SpanGroup
from hallmark_qoa.stores.postgres.days import day_of, existing_days, make_partition, worth_a_partition

logger = logging.getLogger(__name__)

RETRY_NS = 600 * 10**9
"""When a partition is tried again that could not be made."""


class Partitions:
    """The days that have a partition, as far as is known: other engines make and drop days too."""

    def __init__(self) -> None:
        self.days: frozenset[int] = frozenset()
        self._none_before_ns = 0

    def look(self, connection: Connection) -> None:
        """See which days there are."""
        self.days = frozenset(existing_days(connection))

    def make(self, connection: Connection, groups: Sequence[SpanGroup], now_ns: int) -> None:
        """Make partitions for what is to come: a record starts when one of its spans does.

        The one of tomorrow is made in time, as a backup that runs at midnight would be in the way. Where one cannot be
        made its records are kept without.
        """
        if not groups or now_ns < self._none_before_ns:
            return
        today = day_of(now_ns)
        days = {day_of(span.start_ns) for group in groups for span in group.spans} | {today + 1}
        for day in worth_a_partition(days, self.days, today):
            try:
                made = make_partition(connection, day)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
                logger.warning("no partition for a day yet, as tables are locked: %s", error)
                made = False
            if not made:
                self._none_before_ns = now_ns + RETRY_NS
                return
            self.days |= {day}
