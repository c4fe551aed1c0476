"""The whole of Hallmark as its users start it, for tests and benchmarks that need it running."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hallmark_common.settings import Settings, load_settings, variable

ROOT = Path(__file__).resolve().parents[2]
PORTS = [field for field in Settings.model_fields if field.endswith("_port")]


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]


class Stack:
    """``hallmark up`` as a process of its own, on free ports and with a state folder of its own."""

    def __init__(self, state_dir: Path, **settings: str) -> None:
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        fields = {**ports, "state_dir": str(state_dir), "models_dir": str(ROOT / "models"), **settings}
        self.environ = {variable(field): value for field, value in fields.items()}
        self.settings = load_settings(self.environ)
        self.web_url = f"http://127.0.0.1:{self.settings.web_http_port}"
        self.output = state_dir / "up.log"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hallmark_cli", "up"],
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, timeout_s: float = 60) -> None:
        """Wait until web says that everything behind it serves."""
        until = time.monotonic() + timeout_s
        while not self._ready():
            assert self.process.poll() is None, f"hallmark up ended: {self.output.read_text()}"
            assert time.monotonic() < until, f"not ready in {timeout_s} s: {self.output.read_text()}"
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.web_url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, timeout_s: float = 60) -> int:
        """Ctrl-C, and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout_s)

    def run(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run one ``hallmark`` command against this stack."""
        command = [sys.executable, "-m", "hallmark_cli", *arguments]
        environ = {**os.environ, **self.environ}
        return subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False, **options
        )
