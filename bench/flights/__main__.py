"""Run parts of the study by name, and write ``bench/results/flights*.json`` and what is made of them."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.flights import story
from bench.machine import describe

RESULTS = Path(__file__).parents[1] / "results"
STUDIES = {"flights": story.run}
"""What measures, by the name of its results."""


def say(line: str) -> None:
    """Progress of a long run."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def main(names: list[str]) -> int:
    """Measure and write."""
    unknown = [name for name in names if name not in STUDIES]
    if unknown:
        say(f"no such study: {', '.join(unknown)}; there are: {', '.join(STUDIES)}")
        return 2
    for name in names or STUDIES:
        _run(name, STUDIES[name])
    return 0


def _run(name: str, run: Callable[[Path, Callable[[str], None]], dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = {"machine": describe(), **run(Path(folder), say)}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    say(f"written: {path.relative_to(Path.cwd())}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
