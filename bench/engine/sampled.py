"""The engine as ``python -m hallmark_qoa`` runs it, with a thread that looks now and then at what its threads do.

Usage: python -m bench.engine.sampled FILE. At its end FILE holds, as JSON, how often each function was seen to be the
innermost one of this project or of pika on a stack; a thread that waits is not counted.
"""

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from hallmark_common.service import run_service
from hallmark_qoa.service import qoa_service

INTERVAL_S = 0.005
_OURS = ("hallmark_qoa", "hallmark_common", "pika", "asyncio")
_WAITING = {"wait", "_worker", "run", "_poll_wrapper"}
"""Functions in which a thread waits outside of Python: for a lock, a task, the network."""


def main() -> int:
    """Run it to its end."""
    found: Counter[str] = Counter()
    threading.Thread(target=_sample, args=(found,), daemon=True).start()
    code = run_service("hallmark-qoa", qoa_service)
    Path(sys.argv[1]).write_text(json.dumps(dict(found.most_common())))
    return code


def _sample(found: Counter[str]) -> None:
    own = threading.get_ident()
    while True:
        time.sleep(INTERVAL_S)
        for thread, frame in sys._current_frames().items():
            if thread != own and frame.f_code.co_name not in _WAITING:
                found[_place(frame)] += 1


def _place(innermost: FrameType) -> str:
    frame: FrameType | None = innermost
    while frame is not None:
        module = _module(frame)
        if module.partition(".")[0] in _OURS:
            return f"{module}:{frame.f_code.co_name}"
        frame = frame.f_back
    return f"{_module(innermost)}:{innermost.f_code.co_name}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


if __name__ == "__main__":
    sys.exit(main())
