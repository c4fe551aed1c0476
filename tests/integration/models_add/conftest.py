"""`hallmark up` over a models folder of files that were not built here."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

PORTS = ("WEB_HTTP", "WEB_GRPC", "PREPROCESS", "INFERENCE", "QOA", "OTLP_GRPC", "OTLP_HTTP")
DEADLINE_S = 90.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where the running services are."""

    models_dir: Path
    rest: str
    grpc: str


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("third-party") / "models"


@pytest.fixture(scope="module")
def served(models_dir: Path, added: object) -> Iterator[Served]:
    """The real services, started by the command and drained by Ctrl-C."""
    assert added
    ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HALLMARK_")}
    environ |= {f"HALLMARK_{name}_PORT": str(port) for name, port in ports.items()}
    environ |= {"HALLMARK_MODELS_DIR": str(models_dir), "HALLMARK_STATE_DIR": str(models_dir.parent / "state")}
    log = models_dir.parent / "up.log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "hallmark_cli", "up"]
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _until_ready(process, log)
        yield Served(models_dir, f"http://127.0.0.1:{ports['WEB_HTTP']}", f"127.0.0.1:{ports['WEB_GRPC']}")
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 0, log.read_text()
    finally:
        # Its children die with it.
        process.kill()
        process.wait(DEADLINE_S)


def _until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while "Ctrl-C drains and stops." not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end_s, log.read_text()
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]
