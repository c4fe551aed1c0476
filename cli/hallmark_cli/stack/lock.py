"""One stack a state folder: two would write each other's configuration and data."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hallmark_cli.errors import CliError
from hallmark_common.settings import variable

LOCK_FILE = "stack.lock"


@contextmanager
def only_stack_of(state: Path) -> Iterator[None]:
    """Hold the lock of a state folder; it goes with the process, however that ends.

    :class:`CliError` where another stack holds it or the folder cannot be written.
    """
    setting = variable("state_dir")
    try:
        state.mkdir(parents=True, exist_ok=True)
        held = (state / LOCK_FILE).open("w")
    except OSError as error:
        raise CliError(f"{setting}: cannot write {state}: {error.strerror}; set {setting} elsewhere") from None
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CliError(
                f"{setting}: another stack works in {state}; stop it or set {setting} to another folder"
            ) from None
        yield
