"""A pipeline of the test's own, to be broken."""

from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Not started yet."""
    return Pipeline(tmp_path)
