"""What tests of every kind share: running stacks, and a free port."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import ports
from tests.support.full_stack import FullStack, running_full_stack
from tests.support.parts import Broker, new_site
from tests.support.stack import Stack, running_stack

# The same examples in every run, and no verdict on how long they take: a machine may do other things too. To look for
# new ones: pytest --hypothesis-profile=default
settings.register_profile("hallmark", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hallmark")

STARTED_BY_THE_FIRST = {"broker", "full_stack", "running_broker", "stack"}
STARTED_WITHIN_S = 300.0


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Whichever test comes first starts what all share, and that counts as its own time: each gets enough for it."""
    for item in items:
        if STARTED_BY_THE_FIRST & set(item.fixturenames) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(STARTED_WITHIN_S))


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
