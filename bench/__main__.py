"""Run every benchmark, or those that are named, and write ``bench/results/<name>.json``."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import chain, engine, exporter, judging, memory
from bench.judging import steady
from bench.machine import describe

RESULTS = Path(__file__).parent / "results"
BENCHMARKS = {
    "chain": (chain.run, chain.lines),
    "exporter": (exporter.run, exporter.lines),
    "engine": (engine.run, engine.lines),
    "judging": (judging.run, judging.lines),
    "judging_memory": (steady.run, steady.lines),
    "memory": (memory.run, memory.lines),
}
"""What measures, and what tells the figures, by name."""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # progress of a long run


def main(names: list[str]) -> int:
    """Measure, write, and print where to look."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        _say(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    for name in names or BENCHMARKS:
        _run(name, *BENCHMARKS[name])
    return 0


def _run(
    name: str,
    run: Callable[[Path, Callable[[str], None]], dict[str, Any]],
    lines: Callable[[dict[str, Any]], list[str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = {"machine": describe(), **run(Path(folder), _say)}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    for line in lines(document):
        _say(line)
    _say(f"written: {path.relative_to(Path.cwd())}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
