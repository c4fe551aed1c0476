"""The scripts of `make stack` that set up what it needs: what they say where they cannot."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.command import ROOT

BUILDS = [("build_collector.sh", "the collector"), ("set_up_opa.sh", "OPA")]
TOOLS = ("sh", "sed", "id", "sort", "head", "dirname", "basename", "mkdir")
GO = "1.26"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH with the simplest programs only."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return folder


def _refused(programs: Path, script: str, *arguments: str) -> str:
    done = subprocess.run(
        ["sh", f"scripts/{script}", *arguments],
        cwd=ROOT,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(("script", "what"), BUILDS)
def test_without_go_it_says_which_one_is_needed(programs: Path, tmp_path: Path, script: str, what: str) -> None:
    line = _refused(programs, script, str(tmp_path / "binary"))
    assert line.startswith(f"No go on PATH: {what} is built with Go {GO}")


@pytest.mark.parametrize(("script", "what"), BUILDS)
@pytest.mark.parametrize("version", ["1.19.8", "1.9"])
def test_a_go_that_is_too_old_is_named(programs: Path, tmp_path: Path, version: str, script: str, what: str) -> None:
    go = programs / "go"
    go.write_text(f"#!/bin/sh\necho go{version}\n")
    go.chmod(0o755)
    line = _refused(programs, script, str(tmp_path / "binary"))
    assert line.startswith(f"Go {version} on PATH is too old: {what} is built with Go {GO}")


def test_packages_that_cannot_be_installed_are_named_with_the_command(programs: Path) -> None:
    line = _refused(programs, "set_up_parts.sh")
    assert line.startswith("Not installed: ")
    assert "On Debian, as root: apt-get install --no-install-recommends " in line
    assert line.endswith("prometheus prometheus-alertmanager")
