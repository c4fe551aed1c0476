"""The flow of Prefect against a server of Prefect: its tasks write the files of a day, on a schedule too."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.batch.prefect_server import asked, prefect_server
from tests.integration.batch.test_batch import at
from tests.support.command import ROOT, Command, environment, run_command
from tests.support.waiting import eventually

RUN = "import sys; from hallmark_cli.batch.flow import hallmark_day as run; print(run(sys.argv[1], ['m'], sys.argv[2]))"
EVERY_MINUTE = "* * * * *"
COMPLETED = {
    "deployments": {"name": {"any_": ["hallmark-day"]}},
    "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
}
SCHEDULED_S = 240.0
"""Until the minute is full, Prefect has seen it and a process has run; three times what an idle machine takes."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of Prefect."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as address:
        yield address


@pytest.fixture
def client(api: str, served: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of commands beside that server and an engine."""
    return {**served, "PREFECT_API_URL": api, "PREFECT_HOME": str(tmp_path / "prefect")}


@pytest.mark.timeout(600)
async def test_a_day(api: str, client: dict[str, str], tmp_path: Path) -> None:
    day = at(0)[:10]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", RUN, str(tmp_path / "reports"), day],
        env=client, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"{day}\n"), done.stderr
    names = sorted(path.name for path in (tmp_path / "reports" / day).iterdir())
    assert names == ["evidently-m-answers.html", "evidently-m.html", "evidently-m.json", "report.html", "report.json"]
    runs = await asyncio.to_thread(asked, f"{api}/task_runs/filter", {})
    assert sorted((run["name"].split("-")[0], run["state_type"]) for run in runs) == [
        ("evidently", "COMPLETED"),
        ("windows", "COMPLETED"),
    ]
    assert {run["empirical_policy"]["retries"] for run in runs} == {3}


@pytest.mark.timeout(600)
async def test_a_scheduled_run(api: str, client: dict[str, str], tmp_path: Path) -> None:
    yesterdays = {(datetime.now(UTC) + timedelta(days=shift)).date().isoformat() for shift in (-1, 0)}
    arguments = ("--cron", EVERY_MINUTE, "--folder", str(tmp_path / "reports"), "--model", "m")
    with Command(client, tmp_path, "batch", "schedule", *arguments) as schedule:

        def runs() -> Any:
            assert schedule.process.poll() is None, schedule.err
            return asked(f"{api}/flow_runs/filter", COMPLETED)

        (run, *_) = await eventually(runs, "a scheduled run has ended well", timeout_s=SCHEDULED_S)
        assert run["auto_scheduled"]
        assert await asyncio.to_thread(schedule.stop) == 0
    (folder,) = (tmp_path / "reports").iterdir()
    assert folder.name in yesterdays
    assert json.loads((folder / "report.json").read_text()) == [], "all records are of long ago"


@pytest.mark.parametrize(
    ("server", "arguments", "said"),
    [
        ("", (), "PREFECT_API_URL: set it to a server"),
        ("http://127.0.0.1:9/api", (), "no server of Prefect answers there"),
        ("", ("--cron", "at six"), "--cron 'at six': expected five fields"),
    ],
    ids=["no server", "no answer", "no cron"],
)
def test_a_schedule_that_cannot_be_is_one_line(
    server: str, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    environ = {**environment(), "PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": server}
    done = run_command(environ, "batch", "schedule", *arguments)
    assert (done.returncode != 0, done.stdout) == (True, "")
    (line,) = done.stderr.splitlines()
    assert said in line
