"""Judge by the policy of a folder, with an interpreter of Rego beside this process."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from hallmark_qoa.judge.facts import Facts, Judgement, unknown
from hallmark_qoa.judge.policy.asking import Asking
from hallmark_qoa.judge.policy.base import PolicyError, PolicyStatus
from hallmark_qoa.judge.policy.files import PolicyFiles
from hallmark_qoa.judge.policy.trial import prove
from hallmark_qoa.judge.policy.worker import TIMEOUT_S, Worker

BATCH = 10
"""On a busy machine each of 100 facts costs twice as much as each of 10."""


class RegoPolicy:
    """A :class:`~hallmark_qoa.judge.policy.open.Policy`; files that change are taken up while it runs."""

    def __init__(
        self, folder: Path, clock: Callable[[], float] = time.monotonic, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._files = PolicyFiles(folder, self._compiled, clock, now_ns)
        # It is the worker that sees how long an answer takes: it can end what does not.
        self._asking = Asking(f"the policy in {folder}", 2 * TIMEOUT_S, BATCH)
        self._worker: Worker | None = None

    async def judge(self, facts: Sequence[Facts]) -> list[Judgement]:
        """One judgement each, in their order; see :class:`~hallmark_qoa.judge.policy.open.Policy`."""
        try:
            program = await self._files.program()
        except PolicyError as error:
            return unknown(facts, str(error))
        return await self._asking.judge(facts, program.answer)

    async def _compiled(self, sources: Mapping[str, str]) -> Worker:
        worker = Worker(sources, TIMEOUT_S)
        try:
            await self._asking.run(partial(prove, worker))
        except BaseException:
            await self._asking.run(worker.close)
            raise
        before, self._worker = self._worker, worker
        if before is not None:
            await self._asking.run(before.close)
        return worker

    def status(self) -> PolicyStatus:
        """Which files are in use, and what is wrong with newer ones or with the last answer."""
        status = self._files.status
        return status if status.error else replace(status, error=self._asking.error)

    async def close(self) -> None:
        """End the process, and let go of the thread that talks to it."""
        if self._worker is not None:
            await self._asking.run(self._worker.close)
        self._asking.close()
