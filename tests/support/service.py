"""One service as a process of its own, as `hallmark up` or Kubernetes starts it."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.command import environment


@asynccontextmanager
async def service_process(module: str, **settings: object) -> AsyncIterator[Process]:
    """``python -m module`` with settings; its stderr is a pipe, and at the end it is killed where it still runs."""
    environ = environment(**{field: str(value) for field, value in settings.items()})
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), env=environ, stdout=DEVNULL, stderr=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()
