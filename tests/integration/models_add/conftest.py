"""`hallmark up` over a models folder of files that were not built here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("third-party") / "models"


@pytest.fixture(scope="module")
def served(models_dir: Path, added: object) -> Iterator[Stack]:
    """The real services, started by the command and drained by Ctrl-C."""
    assert added
    with running_stack(models_dir.parent, models_dir=str(models_dir)) as running:
        yield running
