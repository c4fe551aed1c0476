"""The `hallmark` command as a process: what it loads, and who reads what it says."""

import subprocess
import sys
from pathlib import Path

from tests.support.stack import fresh_environ


def test_starting_the_command_imports_nothing_heavy() -> None:
    code = "import sys, hallmark_cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    heavy = {"onnxruntime", "numpy", "opentelemetry.sdk", "uvloop", "fastapi", "rich.progress"}
    assert heavy.isdisjoint(done.stdout.split())


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hallmark_cli", "models", "list", "--json"]
    process = subprocess.Popen(command, env=fresh_environ(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1
