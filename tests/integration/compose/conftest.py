"""compose.yaml and the Dockerfiles as Docker's own libraries read them; there is no engine here to run them."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT

READER = Path(__file__).parent / "reader"
BUILD_S = 300.0

Read = Callable[[str, str], Any]
Instructions = list[dict[str, str]]
Image = Callable[[str, str], Instructions]


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Reads a file of the project, ``compose`` or ``dockerfile``, by its path in it."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("no go on PATH to build the reader of compose files with")
    reader = tmp_path_factory.mktemp("reader") / "reader"
    subprocess.run([go, "build", "-mod=readonly", "-o", reader, "."], cwd=READER, check=True, timeout=BUILD_S)

    def call(kind: str, path: str) -> Any:
        done = subprocess.run([reader, kind, ROOT / path], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.fixture(scope="session")
def project(read: Read) -> Any:
    """compose.yaml in its canonical form."""
    return read("compose", "compose.yaml")


@pytest.fixture(scope="session")
def image(read: Read) -> Image:
    """The instructions that lead to a named stage of a Dockerfile, those of the stages that it starts from first."""

    def instructions(path: str, target: str) -> Instructions:
        stages = {stage["name"]: stage for stage in read("dockerfile", path)["stages"]}
        stage = stages[target]
        base = instructions(path, stage["base"]) if stage["base"] in stages else []
        return [*base, *stage["instructions"]]

    return instructions
