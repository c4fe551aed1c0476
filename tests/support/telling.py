"""An engine's teller as a process of its own: ``python -m tests.support.telling STORE``, and settings for the rest.

It says ``telling <number>`` before it tells the store what it has told, and then hangs: to be killed just there.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from hallmark_common.settings import load_settings
from hallmark_qoa.events.sinks import event_sinks
from hallmark_qoa.events.teller import Teller
from hallmark_qoa.stores.sqlite.store import SqliteStore


class HangingStore(SqliteStore):
    """Never says that something was told."""

    async def told(self, ids: Sequence[str]) -> None:
        """Hang."""
        sys.stdout.write(f"telling {len(ids)}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def main(path: Path) -> None:
    """Tell until killed."""
    store = await HangingStore.open(path)
    Teller(store, event_sinks(load_settings()), look_s=0.02).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
