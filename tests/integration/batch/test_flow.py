"""The flow of Prefect against a server of Prefect: its tasks write the files of a day, and runs are kept there."""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.batch.test_batch import at
from tests.support.command import ROOT, environment, run_command
from tests.support.parts import start_tied
from tests.support.ports import free_port_settings
from tests.support.waiting import until

RUN = "import sys; from hallmark_cli.batch.flow import hallmark_day as run; print(run(sys.argv[1], ['m'], sys.argv[2]))"
STARTS_S = 200.0
"""Prefect makes its database first; on a busy machine that takes a minute."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[str]:
    """The address of a server of Prefect with its files in the folder of the test."""
    port = free_port_settings()["qoa_port"]
    environ = {**environment(), "PREFECT_HOME": str(tmp_path / "prefect"), "DO_NOT_TRACK": "1"}
    command = [sys.executable, "tests/support/prefect_server.py", str(port)]
    server = start_tied(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/api"
    try:
        until(lambda: _get(f"{address}/health"), "Prefect answers", timeout_s=STARTS_S)
        yield address
    finally:
        server.kill()
        server.wait()


def _get(url: str, body: dict[str, Any] | None = None) -> Any:
    """What is answered; None while nobody does."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())
    except OSError:
        return None


@pytest.mark.timeout(600)
async def test_a_day(api: str, served: dict[str, str], tmp_path: Path) -> None:
    day = at(0)[:10]
    environ = {**served, "PREFECT_API_URL": api, "PREFECT_HOME": str(tmp_path / "prefect")}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", RUN, str(tmp_path / "reports"), day],
        env=environ, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"{day}\n"), done.stderr
    names = sorted(path.name for path in (tmp_path / "reports" / day).iterdir())
    assert names == ["evidently-m-answers.html", "evidently-m.html", "evidently-m.json", "report.html", "report.json"]
    runs = await asyncio.to_thread(_get, f"{api}/task_runs/filter", {})
    assert sorted((run["name"].split("-")[0], run["state_type"]) for run in runs) == [
        ("evidently", "COMPLETED"),
        ("windows", "COMPLETED"),
    ]
    assert {run["empirical_policy"]["retries"] for run in runs} == {3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "PREFECT_API_URL"), (("--cron", "at six"), "--cron 'at six': expected five fields")],
    ids=["no server", "no cron"],
)
def test_a_schedule_that_cannot_be_is_one_line(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    environ = {**environment(), "PREFECT_HOME": str(tmp_path)}
    environ.pop("PREFECT_API_URL", None)
    done = run_command(environ, "batch", "schedule", *arguments)
    assert (done.returncode != 0, done.stdout) == (True, "")
    (line,) = done.stderr.splitlines()
    assert said in line
