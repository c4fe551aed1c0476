"""How a full stack ends: nothing is lost, nothing is left running, and it starts again where it was."""

import json
import signal
from collections.abc import Callable

import psutil
import pytest

from tests.support.full_stack import FullStack

pytestmark = pytest.mark.timeout(400)

GONE_S = 20.0

StartFull = Callable[..., FullStack]


def _all_gone(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=GONE_S)
    return not alive


def _last_line(stack: FullStack) -> str:
    return stack.out.strip().splitlines()[-1]


def _predict(stack: FullStack) -> str:
    """Make one prediction and return its id."""
    done = stack.run("predict", "digits", "docs/examples/seven.png", "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["prediction_id"])


def _stages(stack: FullStack, prediction_id: str) -> list[str]:
    """The stages in the record of a prediction, once it is complete."""

    def complete() -> list[str]:
        shown = stack.run("record", prediction_id, "--json")
        record = json.loads(shown.stdout) if shown.returncode == 0 else {"complete": False}
        return [stage["name"] for stage in record["stages"]] if record["complete"] else []

    return stack.until(complete, f"the record of {prediction_id} is complete")


def test_what_was_predicted_just_before_the_end_is_recorded_when_it_runs_again(start_full: StartFull) -> None:
    # So long that only the flush at the end brings the last spans to the collector.
    stack = start_full(span_export_interval_s="600")
    stack.wait_until_ready()
    prediction_id = _predict(stack)
    children = stack.children()
    assert stack.stop() == 0, stack.out
    assert _all_gone(children)
    assert stack.out.endswith("stopped\n")
    again = start_full()
    again.wait_until_ready()
    assert set(_stages(again, prediction_id)) == {"web", "preprocess", "inference"}
    assert again.stop() == 0, again.out


def test_a_killed_supervisor_takes_all_along_and_its_state_is_fit_to_go_on(start_full: StartFull) -> None:
    stack = start_full()
    stack.wait_until_ready()
    prediction_id = _predict(stack)
    before = _stages(stack, prediction_id)
    children = stack.children()
    stack.send(signal.SIGKILL)
    assert stack.exit_code() == -signal.SIGKILL
    assert _all_gone(children)
    again = start_full()
    again.wait_until_ready()
    assert _stages(again, prediction_id) == before
    assert again.stop() == 0, again.out


@pytest.mark.parametrize("name", ["rabbitmq", "postgres"])
def test_a_part_that_dies_ends_everything_and_is_named(start_full: StartFull, name: str) -> None:
    stack = start_full()
    stack.wait_until_ready()
    children = stack.children()
    stack.part(name).kill()
    assert stack.exit_code(120) == 1
    last = _last_line(stack)
    assert last.startswith(f"hallmark: {name} ended (killed by SIGKILL): ")
    assert last.endswith(f"{name}.log")
    assert _all_gone(children)


def test_a_second_signal_kills_what_does_not_end(start_full: StartFull) -> None:
    stack = start_full()
    stack.wait_until_ready()
    children = stack.children()
    web = stack.part("web")
    web.suspend()
    stack.until(lambda: web.status() == psutil.STATUS_STOPPED, "web is stopped")
    stack.send(signal.SIGINT)
    stack.until_said("stopping")
    stack.send(signal.SIGINT)
    assert stack.exit_code() == 128 + signal.SIGINT
    assert _all_gone(children)


def test_a_stop_while_it_starts_ends_what_was_started(start_full: StartFull) -> None:
    stack = start_full()
    stack.until_said("epmd is ready")
    children = stack.children()
    assert stack.stop() == 0, stack.out
    assert _all_gone(children)
    assert "web is ready" not in stack.out
