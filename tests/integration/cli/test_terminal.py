"""Whose Ctrl-C is it: with a terminal of its own, typed as a user types it."""

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.support.command import PATIENCE_S, ROOT
from tests.support.graphs import write_scale
from tests.support.stack import READY, fresh_environ
from tests.support.waiting import until

# Stands for make: in the foreground group of the terminal, waits for its child, would die of an interrupt.
OUTER = """
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
code = subprocess.call([sys.executable, "-c", sys.argv[1]])
print(f"outer saw {code}, in front again: {os.tcgetpgrp(0) == os.getpgrp()}", flush=True)
"""

INNER = """
import os, signal, sys, threading
from hallmark_cli.up.terminal import foreground
stop = threading.Event()
signal.signal(signal.SIGINT, lambda *_: stop.set())
with foreground():
    print("in front:", os.tcgetpgrp(0) == os.getpid(), flush=True)
    stop.wait()
sys.exit(0)
"""

ALONE = """
import os
from hallmark_cli.up.terminal import foreground
before = os.getpgrp()
with foreground():
    print("unchanged:", os.getpgrp() == before)
"""

# Becomes the given program as the leader of a session whose terminal is the standard input.
LEADER = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_ctrl_c_reaches_only_the_supervisor_and_the_terminal_is_given_back() -> None:
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    process = subprocess.Popen(
        [sys.executable, "-c", OUTER, INNER], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    seen = bytearray()

    def read(text: bytes) -> bool:
        # Nothing there yet, or the other end is closed: what was said decides.
        with contextlib.suppress(OSError):
            seen.extend(os.read(master, 4096))
        return text in seen

    try:
        until(lambda: read(b"in front: True"), "the terminal is taken", timeout_s=PATIENCE_S)
        os.write(master, b"\x03")
        ended = b"outer saw 0, in front again: True"
        until(lambda: read(ended), f"a clean end, not {bytes(seen)!r}", timeout_s=PATIENCE_S)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(30)
        os.close(master)


def test_without_a_terminal_nothing_changes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "unchanged: True\n"


def test_a_terminal_that_is_closed_ends_everything_in_order(tmp_path: Path) -> None:
    write_scale(tmp_path / "models")
    environ = fresh_environ(tmp_path / "state", models_dir=str(tmp_path / "models"))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER, "-m", "hallmark_cli", "up"],
        cwd=ROOT,
        env=environ,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen = bytearray()

    def ready() -> bool:
        seen.extend(os.read(master, 4096))
        return READY.encode() in seen

    try:
        until(ready, "it is ready", timeout_s=PATIENCE_S)
        os.close(master)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait(30)
    logs = [path.read_text() for path in (tmp_path / "state/logs").glob("*.log")]
    assert [log.count("has stopped") for log in logs] == [1, 1, 1, 1]
