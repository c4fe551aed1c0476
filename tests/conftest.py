"""Running stacks for the tests that need one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running stack for all tests that leave it as it is."""
    running = Stack(tmp_path_factory.mktemp("stack"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        code = running.stop()
    assert code == 0, f"hallmark up did not drain: {running.output.read_text()}"


@pytest.fixture
def start_stack(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Starts stacks of the test's own, for tests that break them."""
    started: list[Stack] = []

    def start(**settings: str) -> Stack:
        folder = tmp_path / f"state{len(started)}"
        folder.mkdir()
        started.append(Stack(folder, **settings))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
