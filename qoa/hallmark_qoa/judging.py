"""Judging: what folds, judges and reports, put together from the settings."""

import time
from collections.abc import Callable

from hallmark_common.settings import Settings, windows_in
from hallmark_qoa.judge.judge import Judge
from hallmark_qoa.judge.policy.open import open_policy
from hallmark_qoa.judge.promises import Promises
from hallmark_qoa.models import Models
from hallmark_qoa.reporting import Reports
from hallmark_qoa.stores.base import Store
from hallmark_qoa.windows.keeper import Keeper
from hallmark_qoa.windows.progress import Beats

WINDOWS_PER_REMOVAL = 500


class Judging:
    """Keeps the windows of a store, and answers for them; ``latest_event_ns`` tells how far this engine is."""

    def __init__(self, settings: Settings, store: Store, latest_event_ns: Callable[[], int]) -> None:
        self.sizes = windows_in(settings.qoa_windows)
        """Sizes of windows in seconds, ascending."""
        self.policy = open_policy(settings)
        self.promises = Promises(settings.contracts_dir, time.monotonic)
        self.models = Models(settings.models_dir, cpu_hour_price=settings.qoa_cpu_hour_price)
        self.judge = Judge(store, self.models, self.promises, self.policy)
        self.keeper = Keeper(store, self.models, self.judge, self.sizes)
        self.reports = Reports(store, self.models, self.keeper)
        self._store = store
        self._kept = settings.qoa_windows_kept
        self._beats = Beats(store, settings, latest_event_ns, time.time_ns)

    async def turn(self) -> None:
        """Fold and judge what is due."""
        await self.keeper.turn(await self._beats.progress())

    async def beat(self) -> None:
        """Say how far this engine is, also while a turn takes long; to be called every few seconds."""
        await self._beats.progress()

    async def remove_old(self) -> None:
        """Remove windows that were written so long ago that they are kept no more; some at once."""
        for size_s in self.sizes:
            before_ns = time.time_ns() - self._kept * size_s * 10**9
            while await self._store.delete_folds_before(size_s, before_ns, WINDOWS_PER_REMOVAL) == WINDOWS_PER_REMOVAL:
                pass

    async def close(self) -> None:
        """Let go of the policy."""
        await self.policy.close()
