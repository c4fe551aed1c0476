"""The processes of a run: started and stopped each in its turn."""

import asyncio
import signal
from collections.abc import Callable, Sequence

from hallmark_cli.errors import CliError
from hallmark_cli.up.children import Child, start_child
from hallmark_cli.up.program import STOP_MARGIN_S, Program

Say = Callable[[str], None]


class Crew:
    """Programs and what of them runs."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs
        self._begun: set[str] = set()
        self._children: dict[str, Child] = {}
        self._ready = {program.name: asyncio.Event() for program in programs}
        self._ended = {program.name: asyncio.Event() for program in programs}
        self._someone_died = asyncio.Event()
        self._spawns: list[asyncio.Task[Child]] = []
        self._watches: list[asyncio.Task[None]] = []

    async def start(self, say: Say) -> None:
        """Start each as soon as those before it are ready; return once all are."""
        await asyncio.gather(*(self._start(program, say) for program in self._programs))

    async def death(self) -> str:
        """Wait until one ends; its obituary."""
        await self._someone_died.wait()
        return next(child.obituary() for child in self._children.values() if child.exit_code is not None)

    def not_ready(self) -> set[str]:
        """Those whose turn it was to start and that are not ready."""
        return {name for name in self._begun if not self._ready[name].is_set()}

    async def drain(self) -> None:
        """Stop each once those before it have ended; :class:`CliError` names those that did not end as they should."""
        await self._all_spawned()
        await asyncio.gather(*(self._stop(program) for program in self._programs))
        failed = [child.obituary() for child in self._children.values() if not self._ended_well(child)]
        if failed:
            raise CliError("; ".join(failed))

    async def dismiss(self) -> None:
        """Stop all of them at the same time, whatever they say to it."""
        await self._all_spawned()
        await asyncio.gather(*(child.stop(STOP_MARGIN_S) for child in self._children.values()))

    async def kill(self) -> None:
        """Leave none of them running."""
        await self._all_spawned()
        await asyncio.gather(*(child.kill() for child in self._children.values()))
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    async def _start(self, program: Program, say: Say) -> None:
        for name in program.starts_after:
            await self._ready[name].wait()
        self._begun.add(program.name)
        spawn = asyncio.create_task(self._spawn(program))
        self._spawns.append(spawn)
        await asyncio.shield(spawn)
        await program.ready()
        self._ready[program.name].set()
        say(f"  {program.name} is ready")

    async def _spawn(self, program: Program) -> Child:
        """In a task of its own: a start that is given up must not leave a process that nobody knows of."""
        child = self._children[program.name] = await start_child(program)
        self._watches.append(asyncio.create_task(self._watch(child)))
        return child

    async def _all_spawned(self) -> None:
        await asyncio.gather(*self._spawns, return_exceptions=True)

    async def _watch(self, child: Child) -> None:
        await child.wait()
        self._someone_died.set()

    async def _stop(self, program: Program) -> None:
        for name in program.stops_after:
            await self._ended[name].wait()
        if program.name in self._children:
            await self._children[program.name].stop(program.stop_timeout_s)
        self._ended[program.name].set()

    def _ended_well(self, child: Child) -> bool:
        """What has not come as far as serving may end as it likes, but for having to be killed."""
        if child.exit_code in child.program.clean_exits:
            return True
        return not self._ready[child.name].is_set() and child.exit_code != -signal.SIGKILL
