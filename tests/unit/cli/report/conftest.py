"""What the tests of the report share: the story of a made-up day."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.report.question import Found
from hallmark_cli.report.story.material import Material
from hallmark_cli.report.story.tell import Story, tell
from tests.support.reports import DAY_START_S, a_day

NOW = datetime.fromtimestamp(DAY_START_S + 90_000, UTC)


@pytest.fixture
def story_of() -> Callable[[Sequence[WindowReport]], Story]:
    """The story of windows, those of segments among them."""

    def told(windows: Sequence[WindowReport], *, more: bool = False) -> Story:
        whole = tuple(window for window in windows if not window.segment)
        segments = [window for window in windows if window.segment]
        return tell(Material(Found(whole, more), whole[-50:], segments), NOW)

    return told


@pytest.fixture(scope="session")
def day() -> list[WindowReport]:
    """What an engine has after a day."""
    return a_day()
