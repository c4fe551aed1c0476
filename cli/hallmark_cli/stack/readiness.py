"""When is a part ready? When it answers at its probe, and to the command that asks it where it has one."""

import asyncio

from hallmark_cli.stack.part import Part, Probe
from hallmark_cli.up.readiness import http_get, is_open, poll


async def until_part_ready(part: Part) -> None:
    """Return once a part can be used. Waits for ever."""
    await poll(lambda: _answers(part.ready))
    if part.asks:
        await poll(lambda: _succeeds(part.asks))


async def _answers(probe: Probe) -> bool:
    if not probe.path:
        return await is_open(probe.host, probe.port)
    status, _ = await http_get(probe.host, probe.port, probe.path)
    return status == b"200"


async def _succeeds(command: tuple[str, ...]) -> bool:
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=silent, stdout=silent, stderr=silent)
    return await process.wait() == 0
