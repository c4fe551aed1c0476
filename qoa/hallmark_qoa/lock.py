"""One engine a state folder: two would each replay the journal of the other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark_common.settings import variable
from hallmark_qoa.stores.base import StoreError

LOCK_FILE = "qoa.lock"


@contextmanager
def only_engine_of(state_dir: Path) -> Iterator[None]:
    """Hold the lock of a state folder; it goes with the process, however that ends.

    Raises :class:`StoreError` where another engine holds it or the folder cannot be written.
    """
    setting = variable("state_dir")
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        held = (state_dir / LOCK_FILE).open("w")
    except OSError as error:
        raise StoreError(f"{setting}: cannot write {state_dir}: {error.strerror}; set {setting} elsewhere") from None
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"{setting}: another engine works in {state_dir}; stop it or set {setting} to another folder"
            ) from None
        yield
