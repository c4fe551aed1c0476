"""Full stacks of a test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.full_stack import FullStack, open_folder


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state folder that the accounts of all parts can reach."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def start_full(state_dir: Path) -> Iterator[Callable[..., FullStack]]:
    """Starts full stacks, each over the same state folder, for tests that break them."""
    with ExitStack() as stacks:
        yield lambda **settings: stacks.enter_context(FullStack(state_dir, **settings))
