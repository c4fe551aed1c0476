"""One process of a kind a state folder: two would write over each other's data."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark_common.errors import StartupError
from hallmark_common.settings import variable


@contextmanager
def only_one(kind: str, state_dir: Path) -> Iterator[None]:
    """Hold the lock of a state folder, file ``<kind>.lock``; it goes with the process, however that ends.

    Raises :class:`StartupError` where another ``kind`` holds it or the folder cannot be written.
    """
    setting = variable("state_dir")
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        held = (state_dir / f"{kind}.lock").open("w")
    except OSError as error:
        raise StartupError(f"{setting}: cannot write {state_dir}: {error.strerror}; set {setting} elsewhere") from None
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartupError(
                f"{setting}: another {kind} works in {state_dir}; stop it or set {setting} to another folder"
            ) from None
        yield
