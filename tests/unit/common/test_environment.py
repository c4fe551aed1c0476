"""What libraries would do on their own is switched off before they are imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("module", ["hallmark_inference.repository", "hallmark_cli.models.probe"])
def test_onnx_runtime_keeps_no_diary_in_the_home_folder(tmp_path: Path, module: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    run = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        env={**environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert list(tmp_path.rglob("*")) == []
