"""The project's configuration with short times, and its parts run with it."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from hallmark_cli.stack.part import Part
from tests.support.command import ROOT
from tests.support.parts import START_S, answers
from tests.support.waiting import until

GROUP_WAIT_S = 8
"""Longer than some evaluations: what inhibits an alert has come by then, as with the real times."""


def hurried_project(folder: Path, *, webhook: str) -> Path:
    """A copy of prometheus/ and alertmanager/ that looks every second, and waits for nothing."""
    for name in ("prometheus", "alertmanager"):
        shutil.copytree(ROOT / name, folder / name)
    for rules in (folder / "prometheus/rules").glob("*.yml"):
        _edit(rules, _at_once)
    _edit(folder / "prometheus/prometheus.yml", _every_second)
    _edit(folder / "alertmanager/alertmanager.yml", lambda config: _soon(config, webhook))
    return folder


def _edit(file: Path, change: Any) -> None:
    content = yaml.safe_load(file.read_text())
    change(content)
    file.write_text(yaml.safe_dump(content))


def _at_once(rules: dict[str, Any]) -> None:
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)


def _every_second(config: dict[str, Any]) -> None:
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}


def _soon(config: dict[str, Any], webhook: str) -> None:
    for route in _routes(config["route"]):
        route |= {"group_wait": f"{GROUP_WAIT_S}s", "group_interval": "1s"}
    for receiver in config["receivers"]:
        for to in receiver.get("webhook_configs", ()):
            to["url"] = webhook


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", ()):
        yield from _routes(child)


@contextmanager
def running(part: Part, log: Path, environ: Mapping[str, str] | None = None) -> Iterator[None]:
    """A part, in its folder, until the end of the block."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            part.command,
            cwd=part.folder,
            env={**os.environ, **part.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        until(lambda: _ready(part, process, log), f"{part.name} is ready", timeout_s=START_S)
        yield
    finally:
        process.terminate()
        process.wait(START_S)


def _ready(part: Part, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, f"{part.name} ended: {log.read_text()[-2000:]}"
    return answers(part.ready)
