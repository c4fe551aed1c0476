"""Stores of every kind on a database of the test's own."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hallmark_qoa.stores.base import Store
from hallmark_qoa.stores.marks import BASE_S, HORIZON_NS
from hallmark_qoa.stores.open import open_store as open_any
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.records import NOW_NS, OpenStore


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for all tests that leave it running."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> Callable[[], str]:
    """Makes databases on that server; returns their addresses."""
    numbers = itertools.count()
    return lambda: postgres_server.create_database(f"test{next(numbers)}")


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """A file with the password of the servers."""
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "sqlite":
        return ""
    made: str = request.getfixturevalue("new_database")()
    return made


@pytest.fixture
async def open_store(store_url: str, tmp_path: Path, password_file: Path) -> AsyncIterator[OpenStore]:
    """Opens stores of each kind."""
    async with AsyncExitStack() as stores:

        async def opened(
            engine: str = "a",
            now_ns: Callable[[], int] = lambda: NOW_NS,
            *,
            base_s: int = BASE_S,
            horizon_ns: int = HORIZON_NS,
        ) -> Store:
            store = await open_any(
                url=store_url,
                state_dir=tmp_path,
                engine=engine,
                password_file=password_file,
                now_ns=now_ns,
                base_s=base_s,
                horizon_ns=horizon_ns,
            )
            stores.push_async_callback(store.close)
            return store

        yield opened


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    """A store of each kind."""
    return await open_store()
