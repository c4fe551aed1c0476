"""Prefect's own server as a process: ``python tests/support/prefect_server.py PORT``; its files are in PREFECT_HOME.

Prefect 3.8 names limits of lists as FastAPI 0.165 no longer does, so its server does not start beside ours without
this; users run it in an environment of its own.
"""

import sys
from typing import Any

import fastapi
import uvicorn

_body = fastapi.Body


def _with_old_names(*values: Any, min_items: int | None = None, max_items: int | None = None, **named: Any) -> Any:
    return _body(*values, min_length=min_items, max_length=max_items, **named)


if __name__ == "__main__":
    fastapi.Body = _with_old_names
    from prefect.server.api.server import create_app

    uvicorn.run(create_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
