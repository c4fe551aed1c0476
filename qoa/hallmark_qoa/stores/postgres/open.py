"""Open PostgreSQL, or say in one line why not, without the password."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from hallmark_common.settings import variable
from hallmark_qoa.stores.base import StoreError
from hallmark_qoa.stores.marks import WindowRules
from hallmark_qoa.stores.postgres.engine import UnusableError
from hallmark_qoa.stores.postgres.schema import TooNewError
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore

URL = variable("qoa_store_url")
PASSWORD_FILE = variable("qoa_store_password_file")

_PORTS = re.compile(r"[0-9,]*")


async def open_postgres(
    url: str, engine: str, password_file: Path | None, now_ns: Callable[[], int], rules: WindowRules
) -> PostgresStore:
    """The store at ``postgresql://user@host:port/database``; :class:`StoreError` where it cannot be used."""
    parts = _parts(url)
    target = Target(url, engine, _password(password_file))
    try:
        return await PostgresStore.open(target, now_ns, rules)
    except (psycopg.Error, TooNewError, UnusableError) as error:
        reason = "; ".join(line.strip() for line in str(error).splitlines())
        raise StoreError(
            f"{URL}: cannot use {_shown(parts)}: {reason}; set {URL} to a database that this version can use and "
            f"its user may create tables in, and {PASSWORD_FILE} to a file with the password"
        ) from None


def _parts(url: str) -> Mapping[str, Any]:
    """What the URL says; nothing of one that cannot be read is shown, as a password may be anywhere in it."""
    unreadable = StoreError(
        f"{URL}: cannot be read; set it to postgresql://user@host:port/database, and {PASSWORD_FILE} to a file with "
        "the password"
    )
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise unreadable from None
    # A password with '@' or '/' that was not percent-encoded ends up in the host, the port or the database.
    place = f"{parts.get('host', '')}{parts.get('dbname', '')}"
    if "@" in place or not _PORTS.fullmatch(str(parts.get("port", ""))):
        raise unreadable
    return parts


def _shown(parts: Mapping[str, Any]) -> str:
    """The address without what is secret in it."""
    user = f"{parts['user']}@" if "user" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StoreError(
            f"{PASSWORD_FILE}: cannot read {file}: {reason}; set it to a file with the password of {URL}"
        ) from None
