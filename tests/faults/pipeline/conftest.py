"""Pipelines of a test's own, to be broken, and what each test measured."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.measured import keep
from tests.support.pipeline import Pipeline

MEASURED_FAULTS = os.environ.get("MEASURED_FAULTS", "")
"""The file to keep figures in; without one they are only logged."""

MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def make_pipeline(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakePipeline]:
    """Makes one that is not started yet; arguments are those of Pipeline."""
    made: list[Pipeline] = []

    def make(**settings: Any) -> Pipeline:
        made.append(Pipeline(tmp_path, **settings))
        return made[-1]

    yield make
    for pipeline in made:
        if MEASURED_FAULTS and pipeline.measured is not None:
            keep(Path(MEASURED_FAULTS), request.node.name, pipeline.measured)


@pytest.fixture
def pipeline(make_pipeline: MakePipeline) -> Pipeline:
    """Not started yet."""
    return make_pipeline()
