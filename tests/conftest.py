"""What tests of every kind share: running stacks, and a free port."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import ports
from tests.support.full_stack import FullStack, running_full_stack
from tests.support.parts import Broker, new_site
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running stack for all tests that leave it as it is."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def start_stack(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Starts stacks of the test's own, for tests that break them."""
    with ExitStack() as stacks:

        def start(**settings: str) -> Stack:
            folder = tmp_path / f"state{len(list(tmp_path.glob('state*')))}"
            folder.mkdir()
            return stacks.enter_context(Stack(folder, **settings))

        yield start


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One RabbitMQ for all tests that leave it, and its queues, as they are."""
    with Broker(new_site(tmp_path_factory.mktemp("broker"))) as running:
        yield running


@pytest.fixture(scope="session")
def full_stack() -> Iterator[FullStack]:
    """One running full stack for all tests that leave it as it is."""
    with running_full_stack() as running:
        yield running


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    return ports.free_port()
