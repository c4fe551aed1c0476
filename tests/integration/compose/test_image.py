"""Each image of a service as the Dockerfile builds it, in a folder instead of a container: enough, and no more?"""

import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT, environment
from tests.support.graphs import write_scale
from tests.support.ports import free_port_settings
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(300)

HOME = "/opt/hallmark"
"""Where the image has it."""

STEP_S = 200.0
READY_S = 60.0

WITHOUT = {
    "web": ("onnxruntime", "PIL", "pika", "psycopg", "typer"),
    "preprocess": ("onnxruntime", "fastapi", "pika", "psycopg", "typer"),
    "inference": ("fastapi", "starlette", "uvicorn", "PIL", "pika", "psycopg", "typer"),
    "qoa": ("onnxruntime", "fastapi", "PIL", "typer"),
}
"""What other services need."""


@pytest.fixture(params=WITHOUT)
def service(request: pytest.FixtureRequest) -> str:
    """Each service that has an image."""
    return str(request.param)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the Python of the base image; what one build has put into it is there for the next."""
    folder = tmp_path_factory.mktemp("tools")
    venv.create(folder, with_pip=True)
    return folder


@pytest.fixture(scope="module")
def ours(image: Any, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all images have: our code."""
    return _built(image("Dockerfile", "ours"), tools, tmp_path_factory.mktemp("ours"))


@pytest.fixture
def python(image: Any, service: str, tools: Path, ours: Path, tmp_path: Path) -> Path:
    """The Python of a service's image: what it needs of others, and our code over it."""
    home = _built(image("Dockerfile", f"needed-by-{service}"), tools, tmp_path / "needed")
    shutil.copytree(ours / "lib", home / "lib", dirs_exist_ok=True)
    return home / "bin/python"


def _built(instructions: list[dict[str, str]], tools: Path, folder: Path) -> Path:
    """What a stage has made of HOME once its instructions were followed one by one."""
    home, source = folder / "home", folder / "source"
    source.mkdir(parents=True)
    environ = {**environment(), "PATH": f"{tools / 'bin'}:{os.environ['PATH']}"}
    environ.pop("VIRTUAL_ENV", None)
    for instruction in instructions:
        name, _, rest = instruction["line"].partition(" ")
        if name == "COPY":
            _copy(shlex.split(rest), source)
        elif name == "RUN":
            done = subprocess.run(
                ["sh", "-c", rest.replace(HOME, str(home))],
                cwd=source,
                env=environ,
                capture_output=True,
                text=True,
                timeout=STEP_S,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
    return home


def _copy(paths: list[str], folder: Path) -> None:
    for path in paths[:-1]:
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, folder / paths[-1], ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, folder / paths[-1])


def test_an_image_runs_its_service_and_holds_nothing_of_the_others(python: Path, service: str, tmp_path: Path) -> None:
    present = _run(
        python, {}, "-c", f"import importlib.util as u; print([m for m in {WITHOUT[service]} if u.find_spec(m)])"
    )
    assert present.stdout == "[]\n", present.stderr
    write_scale(tmp_path / "models")
    settings = {field: str(port) for field, port in free_port_settings().items()}
    environ = environment(**settings, models_dir=str(tmp_path / "models"), state_dir=str(tmp_path / "state"))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([python, "-m", f"hallmark_{service}"], env=environ, stdout=log, stderr=log)
    try:
        # web is ready once the services that it calls are, so that its own check says no here.
        probe = "preprocess" if service == "web" else service
        ports = {"HALLMARK_PREPROCESS_PORT": environ["HALLMARK_WEB_GRPC_PORT"]} if service == "web" else {}

        def healthy() -> bool:
            assert process.poll() is None, f"{service} ended"
            return _run(python, environ | ports, "-m", "hallmark_cli.up.probe", probe).returncode == 0

        until(healthy, f"{service} is healthy", timeout_s=READY_S)
        process.terminate()
        assert process.wait(READY_S) == 0
    except AssertionError as error:
        error.add_note((tmp_path / "log").read_text()[-2000:])
        raise
    finally:
        process.kill()
        process.wait()


def _run(python: Path, environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run that Python to its end, with nothing of this one's packages."""
    assert python != Path(sys.executable)
    return subprocess.run(
        [python, "-P", *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
