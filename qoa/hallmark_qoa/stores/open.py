"""Open the store that the settings name."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from hallmark_common.settings import variable
from hallmark_qoa.stores.base import Store, StoreError
from hallmark_qoa.stores.marks import BASE_S, HORIZON_NS, WindowRules
from hallmark_qoa.stores.sqlite.store import SqliteStore

FILE_NAME = "qoa.sqlite3"
SCHEMES = ("postgresql", "postgres")


async def open_store(
    *,
    url: str,
    state_dir: Path,
    engine: str,
    password_file: Path | None = None,
    now_ns: Callable[[], int] = time.time_ns,
    base_s: int = BASE_S,
    horizon_ns: int = HORIZON_NS,
) -> Store:
    """The store at a URL; raises :class:`StoreError`.

    An empty ``url`` is SQLite in ``state_dir``, else ``postgresql://user@host:port/database``, with the password in a
    file. ``engine`` is the id of this engine, the same after a restart and of no other engine: in a database of several
    engines it says whose journal is whose. ``now_ns`` tells the time in nanoseconds since 1970. ``base_s`` and
    ``horizon_ns`` are explained in the protocol.
    """
    rules = WindowRules(base_s, horizon_ns)
    if not url:
        return await SqliteStore.open(state_dir / FILE_NAME, now_ns, engine=engine, rules=rules)
    setting = variable("qoa_store_url")
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in SCHEMES:
        raise StoreError(
            f"{setting}: not a URL of PostgreSQL; set it to "
            "postgresql://user@host:port/database, or to nothing for SQLite"
        )
    # Only who uses PostgreSQL pays for its client: about 20 MB and 0.1 s.
    from hallmark_qoa.stores.postgres.open import open_postgres  # noqa: PLC0415

    return await open_postgres(url, engine, password_file, now_ns, rules)
