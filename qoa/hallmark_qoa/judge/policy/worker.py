"""Worker: a program that judges in a process of its own.

regopy keeps some 20 KB of each question for ever where other threads are about, as they are in the engine; in a process
without any it keeps nothing. And what breaks the interpreter, or does not come to an end, ends that process only.

The process reads lines of JSON: the sources first, then questions; it answers each with a line.
"""

import json
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from hallmark_qoa.judge.facts import Facts
from hallmark_qoa.judge.policy.base import PolicyError
from hallmark_qoa.judge.policy.program import Program, question

TIMEOUT_S = 10.0
"""A batch takes some milliseconds: only a policy that does not come to an end takes so long."""


class Worker:
    """Answers as a :class:`~hallmark_qoa.judge.policy.program.Program` does. It belongs to one thread at a time."""

    def __init__(self, sources: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
        """Of sources by name; what is wrong with them is said when it is asked."""
        self._sources = dict(sources)
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    def answer(self, facts: Sequence[Facts]) -> object:
        """What the policy answers to facts, None where that is undefined; :class:`PolicyError` where it fails."""
        try:
            said = self._asked(self._process or self._started(), question(facts))
        except BaseException:
            self.close()
            raise
        if "error" in said:
            raise PolicyError(said["error"])
        return said["answer"]

    def close(self) -> None:
        """End the process; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        command = (sys.executable, "-m", __name__)
        # In a session of its own, so that Ctrl-C is for the engine, which ends it in order.
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
        _put(self._process, json.dumps(self._sources))
        return self._process

    def _asked(self, process: subprocess.Popen[bytes], text: str) -> dict[str, Any]:
        _put(process, text)
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], self._timeout_s)[0]:
            raise PolicyError(f"the policy in {', '.join(self._sources)} took more than {self._timeout_s:g} s")
        line = process.stdout.readline()
        if not line:
            raise PolicyError(f"the policy in {', '.join(self._sources)} broke the interpreter")
        return dict(json.loads(line))


def _put(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has ended, as who reads its answer sees
        process.stdin.write(text.encode() + b"\n")
        process.stdin.flush()


def _serve(lines: IO[str], out: IO[str]) -> None:
    sources, program = json.loads(lines.readline()), None
    for line in lines:
        try:
            program = program or Program(sources)
            said = {"answer": program.evaluate(line)}
        except PolicyError as error:
            said = {"error": str(error)}
        out.write(json.dumps(said) + "\n")
        out.flush()


if __name__ == "__main__":
    _serve(sys.stdin, sys.stdout)
