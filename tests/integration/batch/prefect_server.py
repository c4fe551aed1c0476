"""A server of Prefect, in an environment of its own as users run it, and what it says of its runs."""

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT, environment
from tests.support.parts import start_tied
from tests.support.ports import free_port_settings
from tests.support.waiting import until

REQUIREMENTS = Path(__file__).with_name("prefect_requirements.txt")
VENV = ROOT / ".hallmark" / "test" / "prefect"
STARTS_S = 200.0
"""It makes its database first; on a busy machine that takes a minute."""

QUIET = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def installed() -> Path:
    """The program, installed once for these requirements; the test is skipped where that cannot be."""
    stamp = VENV / REQUIREMENTS.name
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV))
        _run(uv, "pip", "install", "--quiet", "--python", str(VENV / "bin" / "python"), "-r", str(REQUIREMENTS))
        shutil.copy(REQUIREMENTS, stamp)
    return VENV / "bin" / "prefect"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Prefect's server cannot be installed: {done.stderr.strip()}")


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """The address of its API while it runs; its files are in a folder."""
    program, port = installed(), free_port_settings()["qoa_port"]
    command = [program, "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    environ = {**environment(), **QUIET, "PREFECT_HOME": str(home)}
    server = start_tied(command, cwd=home, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/api"
    try:
        until(lambda: asked(f"{address}/health"), "Prefect answers", timeout_s=STARTS_S)
        yield address
    finally:
        server.terminate()  # it ends its own child, which a kill would leave
        server.wait()


def asked(url: str, body: dict[str, Any] | None = None) -> Any:
    """What is answered; None while nobody does."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())
    except OSError:
        return None
