"""What the tests of the command line share: settings of a test's own, and graphs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from hallmark_common.settings import PREFIX, Settings, load_settings
from tests.support.graphs import make_model, write_scale
from tests.support.stack import fresh_environ


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Free ports and folders of this test, as commands that run in this process read them; `scale` is served."""
    write_scale(tmp_path / "models")
    environ = fresh_environ(tmp_path / "state", models_dir=str(tmp_path / "models"))
    for name in os.environ.keys() - environ.keys():
        monkeypatch.delenv(name)
    for name in environ:
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, environ[name])
    return load_settings()


@pytest.fixture
def save_graph() -> Callable[..., Path]:
    """Writes a graph to a path, its folders included."""

    def save(path: Path, *graph: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(make_model(*graph), path)
        return path

    return save
