"""Files: the policy in a folder, compiled; a newer one takes over once it has proved itself."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from hallmark_common.settings import variable
from hallmark_qoa.judge.policy.base import PolicyError, PolicyStatus

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0

Compiled = TypeVar("Compiled")


@dataclass(frozen=True, slots=True)
class Sources:
    """What is in a folder of policies."""

    texts: Mapping[str, str]
    """By path, as a person would write it."""
    revision: str
    """SHA-256 of names and contents, as hexadecimal digits."""


def read_sources(folder: Path) -> Sources:
    """All that judges: tests are left out; :class:`PolicyError` where something cannot be read or there is nothing."""
    texts = {str(path): _read(path) for path in sorted(folder.rglob("*.rego")) if _judges(path)}
    if not texts:
        raise PolicyError(
            f"there is no policy: no .rego file in {folder}; put one there or set {variable('policies_dir')}"
        )
    digest = hashlib.sha256()
    for name, text in texts.items():
        for part in (name, text):
            content = part.encode()
            digest.update(len(content).to_bytes(8, "big") + content)
    return Sources(texts, digest.hexdigest())


def _judges(path: Path) -> bool:
    return not path.name.startswith(".") and not path.stem.endswith("_test")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise PolicyError(f"{path} cannot be read: {why}; mend or remove it") from None


class PolicyFiles(Generic[Compiled]):
    """The program of a folder, taken up again when its files change.

    ``compiled`` makes something that judges of sources and proves it, or raises :class:`PolicyError`. ``clock`` tells
    seconds of a monotonic clock, ``now_ns`` the time in nanoseconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        compiled: Callable[[Mapping[str, str]], Awaitable[Compiled]],
        clock: Callable[[], float],
        now_ns: Callable[[], int],
    ) -> None:
        self._folder = folder
        self._compiled = compiled
        self._clock = clock
        self._now_ns = now_ns
        self._one_at_a_time = asyncio.Lock()
        self._looked_s = float("-inf")
        self._refused = ""
        self._program: Compiled | None = None
        self._status = PolicyStatus(str(folder), "", None, "")

    @property
    def status(self) -> PolicyStatus:
        """Which files are in use, and what is wrong with newer ones."""
        return self._status

    async def program(self) -> Compiled:
        """The one to judge by now; :class:`PolicyError` where there is none."""
        async with self._one_at_a_time:
            if self._clock() - self._looked_s >= LOOK_EVERY_S:
                await self._look()
                self._looked_s = self._clock()
        if self._program is None:
            raise PolicyError(self._status.error)
        return self._program

    async def _look(self) -> None:
        try:
            sources = await asyncio.to_thread(read_sources, self._folder)
            if sources.revision == self._status.revision:
                self._in_use(sources.revision, self._status.since_ns)
            elif sources.revision != self._refused:
                await self._take_up(sources)
        except PolicyError as error:
            self._not_in_use(str(error))
        except OSError as error:  # of the machine, so that it is tried again
            self._not_in_use(f"the policy in {self._folder} cannot be tried: {error.strerror}")

    async def _take_up(self, sources: Sources) -> None:
        try:
            self._program = await self._compiled(sources.texts)
        except PolicyError:
            self._refused = sources.revision
            raise
        self._in_use(sources.revision, self._now_ns())

    def _in_use(self, revision: str, since_ns: int | None) -> None:
        if revision != self._status.revision or self._status.error:
            logger.info("policy %s in %s judges", revision[:12], self._folder)
        self._refused = ""
        self._status = PolicyStatus(str(self._folder), revision, since_ns, "")

    def _not_in_use(self, error: str) -> None:
        now = self._status
        if error != now.error:
            instead = f"policy {now.revision[:12]} still judges" if self._program else "every verdict is unknown"
            logger.warning("%s; %s", error, instead)
        self._status = PolicyStatus(now.place, now.revision, now.since_ns, error)
