"""A database is checked for being writable when it is opened."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hallmark_qoa.stores.sqlite.schema import migrate


def test_a_read_only_database_that_is_up_to_date_is_found_out_at_once(tmp_path: Path) -> None:
    path = tmp_path / "qoa.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection)
        migrate(connection)
    read_only = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    with closing(read_only), pytest.raises(sqlite3.OperationalError, match="readonly"):
        migrate(read_only)
