"""`hallmark up` with real processes."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

GONE_S = 10.0


def _all_gone(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=GONE_S)
    return not alive


def _one_line(text: str) -> str:
    (line,) = text.strip().splitlines()
    return line


@pytest.fixture
def refused(environ: dict[str, str], tmp_path: Path) -> Callable[[], tuple[int, str]]:
    """Runs `hallmark up` that is expected not to start; exit code and stderr."""

    def run() -> tuple[int, str]:
        command = [sys.executable, "-m", "hallmark_cli", "up"]
        done = subprocess.run(
            command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stderr

    return run


def test_it_becomes_ready_and_ctrl_c_drains_in_order_and_leaves_nothing(up: Callable[[], Any]) -> None:
    run = up()
    output = run.until("Ctrl-C drains and stops.")
    children = run.children()
    assert len(children) == 4
    for place in ("page ", "REST ", "OpenAPI ", "gRPC ", "OIP ", "QoA ", "OTLP ", "logs ", "Try:"):
        assert place in output
    run.send(signal.SIGINT)
    assert run.exit_code() == 0, run.output
    assert run.output.endswith("stopped\n")
    assert _all_gone(children)
    logs = {path.stem: path.read_text() for path in (run.log.parent / "state/logs").glob("*.log")}
    stopped = {service: _time_of(text, "has stopped") for service, text in logs.items()}
    assert sorted(stopped, key=stopped.__getitem__) == ["web", "preprocess", "inference", "qoa"]


def _time_of(log: str, message: str) -> str:
    """The time stamp, text that sorts by time, of the line that holds a message."""
    line = next(line for line in log.splitlines() if message in line)
    return line.split('"time": "')[1].split('"')[0]


def test_a_child_that_dies_ends_everything_and_is_named(up: Callable[[], Any]) -> None:
    run = up()
    run.until("Ctrl-C drains and stops.")
    children = run.children()
    run.child("preprocess").kill()
    assert run.exit_code() == 1
    last = run.output.strip().splitlines()[-1]
    assert last.startswith("hallmark: preprocess ended (killed by SIGKILL): ")
    assert last.endswith("preprocess.log")
    assert _all_gone(children)


def test_a_second_signal_kills_what_does_not_end(up: Callable[[], Any]) -> None:
    run = up()
    children = run.until_spawned()
    # A stopped process does not react to SIGTERM, so the drain would take its full time.
    run.child("web").suspend()
    run.send(signal.SIGTERM)
    run.until("stopping")
    run.send(signal.SIGTERM)
    assert run.exit_code() == 128 + signal.SIGTERM
    assert _all_gone(children)


def test_a_killed_supervisor_takes_its_children_along(up: Callable[[], Any]) -> None:
    run = up()
    children = run.until_spawned()
    run.send(signal.SIGKILL)
    assert run.exit_code() == -signal.SIGKILL
    assert _all_gone(children)


def test_a_graph_that_does_not_load_is_said_and_ends_everything(up: Callable[[], Any], environ: dict[str, str]) -> None:
    graph = Path(environ["HALLMARK_MODELS_DIR"]) / "scale/1/model.onnx"
    graph.write_bytes(b"no graph")
    run = up()
    children = run.until_spawned()
    assert run.exit_code() == 1
    last = run.output.strip().splitlines()[-1]
    assert last.startswith("hallmark: inference ended (exit code 1): ")
    assert str(graph) in last
    assert "Traceback" not in run.output
    assert _all_gone(children)


def test_a_taken_port_names_its_setting(refused: Callable[[], tuple[int, str]], environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ["HALLMARK_QOA_PORT"] = str(port)
        code, error = refused()
    assert code == 1
    assert _one_line(error) == (
        f"hallmark: HALLMARK_QOA_PORT: port {port} on 127.0.0.1 is taken; "
        "stop what uses it or set HALLMARK_QOA_PORT to another port"
    )


def test_a_wrong_setting_is_one_line(refused: Callable[[], tuple[int, str]], environ: dict[str, str]) -> None:
    environ["HALLMARK_WEB_HTTP_PORT"] = "eighty"
    code, error = refused()
    assert code == 1
    assert _one_line(error).startswith("hallmark: HALLMARK_WEB_HTTP_PORT='eighty': ")


def test_a_broken_model_yaml_is_one_line(refused: Callable[[], tuple[int, str]], environ: dict[str, str]) -> None:
    file = Path(environ["HALLMARK_MODELS_DIR"]) / "scale/model.yaml"
    file.write_text("name: scale\ninput: {kind: picture}\n")
    code, error = refused()
    assert code == 1
    assert _one_line(error).startswith(f"hallmark: {file}: input: ")
