"""The `hallmark` command as a process: its streams, its exit code, and an end without traceback at any time."""

import os
import signal
import sys
from collections.abc import Sequence

from hallmark_cli.plain import make_plain_where_needed

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code, 0 only on success."""
    try:
        # Imports take most of a second in which a user may have thought better of it.
        from hallmark_cli.commands import call  # noqa: PLC0415

        code = call(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has left; the flush at exit must not fail over it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def main() -> None:
    """Entry point of the `hallmark` script."""
    make_plain_where_needed()
    code = run(sys.argv[1:])
    # All is said: Ctrl-C once more would only break the interpreter's own end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
