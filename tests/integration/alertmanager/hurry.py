"""The project's configuration with short times."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.command import ROOT
from tests.support.prometheus import edit_yaml, hurried_copy

GROUP_WAIT_S = 8
"""Longer than some evaluations: what inhibits an alert has come by then, as with the real times."""


def hurried_project(folder: Path, *, webhook: str) -> Path:
    """A copy of prometheus/ and alertmanager/ that looks every second, and waits for nothing."""
    hurried_copy(folder / "prometheus")
    shutil.copytree(ROOT / "alertmanager", folder / "alertmanager")
    edit_yaml(folder / "alertmanager/alertmanager.yml", lambda config: _soon(config, webhook))
    return folder


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
