"""`hallmark up` with real processes."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from hallmark_cli.errors import CliError
from hallmark_cli.up.children import fresh_logs
from hallmark_cli.up.program import SERVICES, services_alone
from hallmark_cli.up.readiness import explainer
from hallmark_cli.up.supervisor import supervise
from hallmark_common.settings import load_settings
from tests.support.command import run_command
from tests.support.graphs import write_scale
from tests.support.ports import taken_port
from tests.support.stack import Stack, fresh_environ

GONE_S = 10.0

Up = Callable[..., Stack]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """A folder of one small model."""
    write_scale(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def up(start_stack: Up, models_dir: Path) -> Up:
    """Starts `hallmark up` over that folder."""
    return partial(start_stack, models_dir=str(models_dir))


def _all_gone(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=GONE_S)
    return not alive


def _last_line(run: Stack) -> str:
    return run.out.strip().splitlines()[-1]


def _refusal(run: Stack) -> str:
    """The one line that is said where it does not start."""
    assert run.exit_code() == 1
    (line,) = run.out.strip().splitlines()
    return line


def test_it_becomes_ready_and_ctrl_c_drains_in_order_and_leaves_nothing(up: Up) -> None:
    run = up()
    output = run.wait_until_ready()
    children = run.children()
    assert len(children) == 4
    for place in ("page ", "REST ", "OpenAPI ", "gRPC ", "OIP ", "QoA ", "OTLP ", "logs ", "Try:"):
        assert place in output
    assert run.stop() == 0, run.out
    assert run.out.endswith("stopped\n")
    assert _all_gone(children)
    logs = {path.stem: path.read_text() for path in (run.settings.state_dir / "logs").glob("*.log")}
    stopped = {service: _time_of(text, "has stopped") for service, text in logs.items()}
    assert sorted(stopped, key=stopped.__getitem__) == ["web", "preprocess", "inference", "qoa"]


def _time_of(log: str, message: str) -> str:
    """The time stamp, text that sorts by time, of the line that holds a message."""
    line = next(line for line in log.splitlines() if message in line)
    return line.split('"time": "')[1].split('"')[0]


def test_a_child_that_dies_ends_everything_and_is_named(up: Up) -> None:
    run = up()
    run.wait_until_ready()
    children = run.children()
    run.child("preprocess").kill()
    assert run.exit_code() == 1
    last = _last_line(run)
    assert last.startswith("hallmark: preprocess ended (killed by SIGKILL): ")
    assert last.endswith("preprocess.log")
    assert _all_gone(children)


def test_a_second_signal_kills_what_does_not_end(up: Up) -> None:
    run = up()
    children = run.until_spawned()
    # A stopped process does not react to SIGTERM, so the drain would take its full time. One that has not stopped yet
    # still dies of it.
    web = run.child("web")
    web.suspend()
    run.until(lambda: web.status() == psutil.STATUS_STOPPED, "web is stopped")
    run.send(signal.SIGTERM)
    run.until_said("stopping")
    run.send(signal.SIGTERM)
    assert run.exit_code() == 128 + signal.SIGTERM
    assert _all_gone(children)


@pytest.mark.parametrize("moment", [Stack.until_spawned, Stack.wait_until_ready], ids=["at once", "once ready"])
def test_a_killed_supervisor_takes_its_children_along(up: Up, moment: Callable[[Stack], object]) -> None:
    # At once, a child finds its parent gone before it could ask to be told; later, it is told.
    run = up()
    moment(run)
    children = run.children()
    assert len(children) == 4
    run.send(signal.SIGKILL)
    assert run.exit_code() == -signal.SIGKILL
    assert _all_gone(children)


def test_a_graph_that_does_not_load_is_said_and_ends_everything(up: Up, models_dir: Path) -> None:
    graph = models_dir / "scale/1/model.onnx"
    graph.write_bytes(b"no graph")
    run = up()
    children = run.until_spawned()
    assert run.exit_code() == 1
    last = _last_line(run)
    assert last.startswith("hallmark: inference ended (exit code 1): ")
    assert str(graph) in last
    assert "Traceback" not in run.out
    assert _all_gone(children)


def test_a_taken_port_names_its_setting(up: Up) -> None:
    with taken_port() as port:
        line = _refusal(up(qoa_port=str(port)))
    assert line == (
        f"hallmark: HALLMARK_QOA_PORT: port {port} on 127.0.0.1 is taken; "
        "stop what uses it or set HALLMARK_QOA_PORT to another port"
    )


def test_a_second_one_in_the_same_state_folder_leaves_the_logs_of_the_first_alone(up: Up, models_dir: Path) -> None:
    first = up()
    first.wait_until_ready()
    folder = first.settings.state_dir
    before = {path: path.stat().st_ino for path in (folder / "logs").iterdir()}
    second = run_command(fresh_environ(folder, models_dir=str(models_dir)), "up")
    assert (second.returncode, second.stdout) == (1, "")
    (line,) = second.stderr.splitlines()
    assert line.startswith(f"hallmark: HALLMARK_STATE_DIR: another engine works in {folder}; ")
    assert {path: path.stat().st_ino for path in (folder / "logs").iterdir()} == before


async def test_what_does_not_become_ready_in_time_is_said_with_what_is_called_elsewhere(
    tmp_path: Path, models_dir: Path
) -> None:
    environ = fresh_environ(tmp_path / "state", models_dir=str(models_dir), inference_target="localhost:1")
    settings = load_settings(environ)
    programs = services_alone(settings, fresh_logs(settings.state_dir, SERVICES), environ)
    others = set(psutil.Process().children())
    with pytest.raises(CliError) as caught:
        await supervise(programs, lambda _: None, pytest.fail, explainer(settings), timeout_s=0.01)
    assert str(caught.value) == (
        "after 0.01 s inference, preprocess, qoa, web are not ready; "
        "HALLMARK_INFERENCE_TARGET=localhost:1 is not what was started here; "
        f"logs: {settings.state_dir / 'logs'}"
    )
    assert _all_gone([child for child in psutil.Process().children() if child not in others])


def test_a_wrong_setting_is_one_line(up: Up) -> None:
    assert _refusal(up(web_http_port="eighty")).startswith("hallmark: HALLMARK_WEB_HTTP_PORT='eighty': ")


def test_a_broken_model_yaml_is_one_line(up: Up, models_dir: Path) -> None:
    file = models_dir / "scale/model.yaml"
    file.write_text("name: scale\ninput: {kind: picture}\n")
    assert _refusal(up()).startswith(f"hallmark: {file}: input.kind: ")
