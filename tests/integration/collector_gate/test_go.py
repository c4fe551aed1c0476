"""The tests of the gate by itself, which are Go's."""

import subprocess

import pytest

from tests.support.command import ROOT

COMPILING_S = 900.0
"""The first time, everything that it is made of is compiled."""


@pytest.mark.timeout(2 * COMPILING_S)
def test_by_itself() -> None:
    done = subprocess.run(
        ["go", "test", "-count=1", "./..."],
        cwd=ROOT / "otel-collector" / "readygate",
        capture_output=True,
        text=True,
        timeout=COMPILING_S,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
