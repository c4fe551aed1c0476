"""A store that cannot be opened is one line that names the setting, and never holds the password."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from hallmark_qoa.stores.base import Store, StoreError
from hallmark_qoa.stores.open import open_store
from hallmark_qoa.stores.postgres.engine import UnusableError
from hallmark_qoa.stores.postgres.session import Target
from hallmark_qoa.stores.postgres.store import PostgresStore
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.ports import free_port
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.records import prediction, put, stage

SECRET = "geheim"


async def refusal(url: str, folder: Path, password_file: Path | None = None) -> str:
    """What is said instead of opening a store."""
    with pytest.raises(StoreError) as caught:
        await open_store(url=url, state_dir=folder, engine="a", password_file=password_file)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    assert PASSWORD not in message
    return message


async def opened(url: str, folder: Path, password_file: Path | None = None) -> Store:
    store = await open_store(url=url, state_dir=folder, engine="a", password_file=password_file)
    await put(store, stage(1))
    assert await store.get(prediction(1)) is not None
    await store.close()
    return store


async def test_nothing_is_sqlite_in_the_state_folder(tmp_path: Path) -> None:
    assert isinstance(await opened("", tmp_path), SqliteStore)
    assert (tmp_path / "qoa.sqlite3").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
async def test_password_is_read_from_a_file(
    scheme: str, new_database: Callable[[], str], tmp_path: Path, password_file: Path
) -> None:
    url = new_database().replace("postgresql", scheme)
    assert isinstance(await opened(url, tmp_path, password_file), PostgresStore)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://hallmark:{SECRET}@127.0.0.1/qoa",
        f"hallmark:{SECRET}@127.0.0.1",
        f"postgresql://hallmark:{SECRET}@127.0.0.1:port/qoa",
        f"postgresql://hallmark:{SECRET}@[::1/qoa",
        f"postgresql://hallmark@127.0.0.1/qoa?{SECRET}=1",
        f"postgresql://hallmark:{SECRET}@127.0.0.1/qoa?connect_timeout=soon",
        f"postgresql://hallmark:{SECRET}%zz@127.0.0.1/qoa",
        f"postgresql://hallmark:x@{SECRET}@127.0.0.1/qoa",
        f"postgresql://hallmark:x/{SECRET}@127.0.0.1/qoa",
        f"postgresql://hallmark:{SECRET}/x@127.0.0.1/qoa",
    ],
)
async def test_what_is_no_url(url: str, tmp_path: Path) -> None:
    assert (await refusal(url, tmp_path)).startswith("HALLMARK_QOA_STORE_URL: ")


async def test_server_that_is_not_there(tmp_path: Path) -> None:
    port = free_port()
    message = await refusal(f"postgresql://hallmark:{SECRET}@127.0.0.1:{port}/qoa", tmp_path)
    assert message.startswith(f"HALLMARK_QOA_STORE_URL: cannot use postgresql://hallmark@127.0.0.1:{port}/qoa: ")
    assert "refused" in message


async def test_wrong_password(new_database: Callable[[], str], tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(SECRET)
    assert "password authentication failed" in await refusal(new_database(), tmp_path, file)


async def test_no_password(new_database: Callable[[], str], tmp_path: Path) -> None:
    message = await refusal(new_database(), tmp_path)
    assert "no password supplied" in message
    assert "HALLMARK_QOA_STORE_PASSWORD_FILE" in message


async def test_database_that_is_not_there(postgres_server: PostgresServer, tmp_path: Path, password_file: Path) -> None:
    message = await refusal(postgres_server.url("nowhere"), tmp_path, password_file)
    assert 'database "nowhere" does not exist' in message


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
async def test_password_file_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    message = await refusal("postgresql://hallmark@127.0.0.1/qoa", tmp_path, file)
    assert message.startswith(f"HALLMARK_QOA_STORE_PASSWORD_FILE: cannot read {file}: ")


async def test_schema_of_a_later_version(new_database: Callable[[], str], tmp_path: Path, password_file: Path) -> None:
    url = new_database()
    with psycopg.connect(url, password=PASSWORD, autocommit=True) as connection:
        connection.execute("CREATE TABLE schema_version (version integer)")
        connection.execute("INSERT INTO schema_version VALUES (999)")
    assert "schema version is 999" in await refusal(url, tmp_path, password_file)


async def test_database_that_cannot_hold_any_text(
    postgres_server: PostgresServer, tmp_path: Path, password_file: Path
) -> None:
    latin = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    url = postgres_server.create_database("latin", options=latin)
    assert "its encoding is LATIN1" in await refusal(url, tmp_path, password_file)


async def test_user_who_may_create_nothing(
    postgres_server: PostgresServer, new_database: Callable[[], str], tmp_path: Path
) -> None:
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{SECRET}'")
    file = tmp_path / "password"
    file.write_text(SECRET)
    url = new_database().replace("hallmark@", "guest@")
    assert "permission denied" in await refusal(url, tmp_path, file)


async def test_two_engines_of_the_same_id(new_database: Callable[[], str]) -> None:
    target = Target(new_database(), "one", PASSWORD)
    store = await PostgresStore.open(target)
    with pytest.raises(UnusableError, match="another engine works under the id 'one'"):
        await PostgresStore.open(replace(target, take_over_s=0.1))
    await store.close()
    await (await PostgresStore.open(target)).close()  # the server may need a moment to notice
