"""What keeps a full stack from starting is one line, and nothing is started."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import run_command
from tests.support.full_stack import FullStack, remove_elsewhere
from tests.support.ports import taken_port
from tests.support.stack import fresh_environ

StartFull = Callable[..., FullStack]


def _refusal(state_dir: Path, environ: dict[str, str] | None = None, **settings: str) -> str:
    done = run_command({**fresh_environ(state_dir, **settings), **(environ or {})}, "stack")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    (line,) = done.stderr.splitlines()
    return line.removeprefix("hallmark: ")


@pytest.mark.parametrize("field", ["stack_rabbitmq_port", "stack_postgres_port", "otlp_grpc_port"])
def test_a_taken_port_names_its_setting(tmp_path: Path, field: str) -> None:
    with taken_port() as port:
        line = _refusal(tmp_path, **{field: str(port)})
    setting = f"HALLMARK_{field.upper()}"
    assert line == f"{setting}: port {port} on 127.0.0.1 is taken; stop what uses it or set {setting} to another port"


def test_a_missing_program_names_its_package(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    line = _refusal(tmp_path / "state", {"PATH": str(programs)})
    assert line == "prometheus is not installed; `make stack` needs it: apt-get install prometheus"
    assert not (tmp_path / "state/stack/postgres").exists()


def test_a_setting_that_the_stack_makes_is_refused(tmp_path: Path) -> None:
    line = _refusal(tmp_path, qoa_sources="otlp")
    assert line == "HALLMARK_QOA_SOURCES: a stack sets this itself; unset it, or use `hallmark up`"


def test_a_second_one_over_the_same_state_is_refused(start_full: StartFull, state_dir: Path) -> None:
    first = start_full()
    first.until_said("epmd is ready")
    line = _refusal(state_dir)
    assert line.startswith(f"HALLMARK_STATE_DIR: another stack works in {state_dir / 'stack'}; ")
    assert first.process.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_a_folder_that_postgresql_cannot_reach_is_replaced_by_one_elsewhere(
    state_dir: Path, start_full: StartFull
) -> None:
    state_dir.chmod(0o700)
    stack = start_full()
    stack.until_said("postgres is ready")
    elsewhere = (stack.folder / "postgres").readlink()
    try:
        assert (elsewhere / "data" / "PG_VERSION").exists()
        assert stack.stop() == 0, stack.out
    finally:
        stack.kill()
        remove_elsewhere(stack.folder)
