"""The whole of Hallmark as its users start it, for tests and benchmarks that need it running."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import psutil

from hallmark_common.settings import Settings, load_settings
from tests.support.command import PATIENCE_S, ROOT, Command, environment, run_command
from tests.support.ports import free_port_settings
from tests.support.waiting import Found, until

READY = "Ctrl-C drains and stops."


def fresh_environ(state_dir: Path, **settings: str) -> dict[str, str]:
    """An environment with free ports, a state folder, and the shipped models unless the settings say otherwise."""
    ports = {field: str(port) for field, port in free_port_settings().items()}
    return environment(**{**ports, "state_dir": str(state_dir), "models_dir": str(ROOT / "models"), **settings})


class Stack(Command):
    """``hallmark up`` as a process of its own, on free ports and with a state folder of its own."""

    def __init__(self, state_dir: Path, **settings: str) -> None:
        super().__init__(fresh_environ(state_dir, **settings), state_dir, "up", merged=True)
        self._children: list[psutil.Process] = []

    @cached_property
    def settings(self) -> Settings:
        """What its services read from their environment."""
        return load_settings(self.environ)

    @property
    def web_url(self) -> str:
        """Where the page and REST are."""
        return f"http://127.0.0.1:{self.settings.web_http_port}"

    def until(self, check: Callable[[], Found], what: str, timeout_s: float = PATIENCE_S) -> Found:
        """Wait until ``check()`` is true, and return what it returned; fail at the deadline, or once this has ended."""

        def found() -> Found:
            ended = self.process.poll() is not None
            value = check()
            assert value or not ended, f"hallmark up ended before {what}"
            return value

        try:
            return until(found, what, timeout_s=timeout_s)
        except AssertionError as error:
            error.add_note(f"hallmark up said: {self.out}")
            raise

    def until_said(self, text: str) -> str:
        """Wait until it has said something; all that it has said."""
        self.until(lambda: text in self.out, f"it says {text!r}")
        return self.out

    def wait_until_ready(self) -> str:
        """Wait until all services serve; all that it has said."""
        return self.until_said(READY)

    def until_spawned(self) -> list[psutil.Process]:
        """Wait until all four services are processes of their own, past the fork."""

        def spawned() -> list[psutil.Process]:
            found = [child for child in self.children() if "hallmark_cli.up.child" in " ".join(child.cmdline())]
            return found if len(found) == 4 else []

        return self.until(spawned, "four services run")

    def children(self) -> list[psutil.Process]:
        """The processes that it has started, while it runs."""
        self._children = psutil.Process(self.process.pid).children(recursive=True)
        return self._children

    def child(self, service: str) -> psutil.Process:
        """The process of a service."""
        return next(child for child in self.children() if f"hallmark_{service}" in child.cmdline())

    def kill(self) -> None:
        """Leave nothing of it running, its services included: whether they die with it is for a test to say."""
        if self.process.poll() is None:
            self.children()
        super().kill()
        for child in self._children:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def run(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run one ``hallmark`` command against this stack, to its end."""
        return run_command(self.environ, *arguments, stdin=stdin)


@contextmanager
def running_stack(state_dir: Path, **settings: str) -> Iterator[Stack]:
    """A stack that is ready; at the end it must drain."""
    with Stack(state_dir, **settings) as stack:
        stack.wait_until_ready()
        yield stack
        assert stack.stop() == 0, f"hallmark up did not drain: {stack.out}"
