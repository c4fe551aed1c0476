"""The full stack as its users start it: ``hallmark stack`` with real parts on free ports."""

import base64
import json
import shutil
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from hallmark_cli.stack.secrets import Secrets
from tests.support.command import Command
from tests.support.stack import READY, Stack, fresh_environ

START_S = 150.0
"""RabbitMQ alone takes a while where others use the machine too."""

STOP_S = 90.0


@dataclass(frozen=True)
class Sample:
    """One value that Prometheus answers with."""

    labels: dict[str, str]
    value: float


class FullStack(Stack):
    """``hallmark stack`` as a process of its own."""

    def __init__(self, state_dir: Path, **settings: str) -> None:
        Command.__init__(self, fresh_environ(state_dir, **settings), state_dir, "stack", merged=True)
        self._children: list[psutil.Process] = []

    @property
    def folder(self) -> Path:
        """Where it keeps its state."""
        return self.settings.state_dir / "stack"

    @property
    def prometheus_url(self) -> str:
        """Where Prometheus is."""
        return f"http://127.0.0.1:{self.settings.stack_prometheus_port}"

    def wait_until_ready(self) -> str:
        """Wait until everything serves; all that it has said."""
        self.until(lambda: READY in self.out, f"it says {READY!r}", START_S)
        return self.out

    def stop(self, timeout_s: float = STOP_S) -> int:
        """Ctrl-C, and the exit code."""
        return super().stop(timeout_s)

    def part(self, name: str) -> psutil.Process:
        """The process of a part or a service, to be killed, suspended or resumed."""
        mark = str(self.folder / "logs" / f"{name}.log")
        return next(child for child in self.children() if _logs_to(child, mark))

    def query(self, promql: str) -> list[Sample]:
        """What Prometheus answers to an instant query now."""
        answer = _get(f"{self.prometheus_url}/api/v1/query?{urllib.parse.urlencode({'query': promql})}")
        return [Sample(found["metric"], float(found["value"][1])) for found in answer["data"]["result"]]

    def broker(self, path: str) -> Any:
        """What RabbitMQ's management API answers at a path such as ``/queues/hallmark/spans.00``."""
        password = Secrets(self.folder / "secrets").password("rabbitmq-operator")
        token = base64.b64encode(f"operator:{password}".encode()).decode()
        url = f"http://127.0.0.1:{self.settings.stack_rabbitmq_management_port}/api{path}"
        return _get(url, authorization=f"Basic {token}")


def _logs_to(process: psutil.Process, log: str) -> bool:
    """Whether it is the process that the supervisor started with this log: its standard output."""
    return Path(f"/proc/{process.pid}/fd/1").resolve() == Path(log) and process.ppid() != 1


def _get(url: str, **headers: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return json.loads(answer.read())


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every account may pass through, PostgreSQL's too: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="hallmark-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_full_stack(**settings: str) -> Iterator[FullStack]:
    """A full stack that is ready; at the end it must drain."""
    with open_folder() as folder, FullStack(folder, **settings) as stack:
        stack.wait_until_ready()
        yield stack
        assert stack.stop() == 0, f"hallmark stack did not drain: {stack.out}"


def remove_elsewhere(folder: Path) -> None:
    """Remove what a stack keeps outside of its folder, for an account that could not reach that."""
    link = folder / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.readlink().parent)
