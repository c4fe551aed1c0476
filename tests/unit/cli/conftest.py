"""What the tests of the command line share: graphs, free ports, and a real `hallmark up`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import psutil
import pytest
from onnx import TensorProto, helper

PORTS = ("WEB_HTTP", "WEB_GRPC", "PREPROCESS", "INFERENCE", "QOA", "OTLP_GRPC", "OTLP_HTTP")
DEADLINE_S = 60.0


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different: bound at the same time."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]


def eventually(check: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Wait until check() is true and return it; fail, saying what did not come true, at the deadline."""
    end_s = time.monotonic() + deadline_s
    while time.monotonic() < end_s:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {deadline_s} s: {what}")


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    return eventually


def _environ(folder: Path) -> dict[str, str]:
    """An environment with free ports and folders of one test; the models folder holds `scale`."""
    ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
    settings = {f"HALLMARK_{name}_PORT": str(port) for name, port in ports.items()}
    settings |= {"HALLMARK_MODELS_DIR": str(folder / "models"), "HALLMARK_STATE_DIR": str(folder / "state")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HALLMARK_")}
    _scale_model(folder / "models" / "scale")
    return inherited | settings


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment of this test."""
    return _environ(tmp_path)


@pytest.fixture
def as_environment(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The same environment for commands that run in this process."""
    for name in list(os.environ):
        if name.startswith("HALLMARK_"):
            monkeypatch.delenv(name)
    for name, value in environ.items():
        if name.startswith("HALLMARK_"):
            monkeypatch.setenv(name, value)
    return environ


@pytest.fixture
def save_graph() -> Callable[..., Path]:
    """Writes a graph of one node an output: name, element type, axes of each input and output."""

    def save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], initializers: Any = ()) -> Path:
        graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, path)
        return path

    return save


def _scale_model(folder: Path) -> None:
    """A served model: y = 2 x for rows of two numbers, the number being their first."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])
    two = helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])
    graph = helper.make_graph([helper.make_node("Mul", ["x", "two"], ["y"])], "scale", [x], [y], [two])
    (folder / "1").mkdir(parents=True)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "1/model.onnx"
    )
    (folder / "model.yaml").write_text(
        json.dumps(
            {
                "name": "scale",
                "input": {"kind": "table", "columns": [{"name": "a", "dtype": "number", "maximum": 100}]},
                "output": {"kind": "number", "unit": "km"},
                "sample": "sample.jsonl.gz",
            }
        )
    )


@dataclass
class Up:
    """A running `hallmark up`."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def until(self, text: str) -> str:
        """Wait until it has said something."""
        eventually(lambda: text in self.output or self.process.poll() is not None, f"{text!r} in {self.output}")
        assert text in self.output, self.output
        return self.output

    def until_spawned(self) -> list[psutil.Process]:
        """Wait until all four services are processes of their own, past the fork."""

        def spawned() -> list[psutil.Process]:
            found = [child for child in self.children() if "hallmark_cli.child" in " ".join(child.cmdline())]
            return found if len(found) == 4 else []

        found: list[psutil.Process] = eventually(spawned, "four children")
        return found

    def child(self, service: str) -> psutil.Process:
        return next(child for child in self.children() if f"hallmark_{service}" in child.cmdline())

    def send(self, signum: int) -> None:
        self.process.send_signal(signum)

    def exit_code(self) -> int:
        return self.process.wait(DEADLINE_S)


def _start(environ: dict[str, str], folder: Path) -> Up:
    log = folder / "up.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "hallmark_cli", "up"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Up(process, log)


def _end(run: Up) -> None:
    left = run.children() if run.process.poll() is None else []
    for process in [*left, run.process]:
        process.send_signal(signal.SIGKILL)
    run.process.wait(DEADLINE_S)


@pytest.fixture
def up(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], Up]]:
    """Starts `hallmark up` as a user would; what is left of it is killed afterwards."""
    with ExitStack() as stack:

        def start() -> Up:
            run = _start(environ, tmp_path)
            stack.callback(_end, run)
            return run

        yield start


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which `hallmark up` runs, once for a module."""
    folder = tmp_path_factory.mktemp("live")
    environ = _environ(folder)
    run = _start(environ, folder)
    try:
        run.until("Ctrl-C drains and stops.")
        yield environ
    finally:
        _end(run)
