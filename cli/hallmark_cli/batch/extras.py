"""Libraries that only some commands need, and that are installed by an extra."""

import importlib
import os
import warnings
from typing import Any

from hallmark_cli.errors import CliError

INSTALL = ".venv/bin/uv pip install --constraint requirements.lock --editable '.[{}]'"
"""In the folder of Hallmark; it is no package of a registry."""


def needed(module: str, extra: str, who: str) -> Any:
    """Import a module; :class:`CliError` says which extra has it.

    Evidently and Prefect would tell their makers of each use: both leave it where ``DO_NOT_TRACK`` is set.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    try:
        with warnings.catch_warnings():
            # What they and theirs find deprecated is nothing that our user could mend.
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise CliError(f"{who}: {error.name} is not installed; in Hallmark's folder: {INSTALL.format(extra)}") from None
