"""Run parts of the study by name, and write ``bench/results/flights*.json`` and what is made of them."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.flights import lateness, page, story
from bench.flights.faults import study
from bench.machine import describe

RESULTS = Path(__file__).parents[1] / "results"
Say = Callable[[str], None]
STUDIES: dict[str, Callable[[Path, Say], dict[str, Any]]] = {
    "flights": story.run,
    "flights-truth": lateness.run,
    "faults": study.run,
}
"""What measures, by the name of its results."""

PAGE = "page"
"""Only writes docs/flights.md and its pictures, from the results that are there."""


def say(line: str) -> None:
    """Progress of a long run."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def main(names: list[str]) -> int:
    """Measure and write."""
    unknown = [name for name in names if name not in (*STUDIES, PAGE)]
    if unknown:
        say(f"no such study: {', '.join(unknown)}; there are: {', '.join(STUDIES)}, and {PAGE} for the page alone")
        return 2
    for name in [name for name in names or STUDIES if name != PAGE]:
        _run(name, STUDIES[name])
    page.write()
    return 0


def _run(name: str, run: Callable[[Path, Say], dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = {"machine": describe(), **run(Path(folder), say)}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    say(f"written: {path.relative_to(Path.cwd())}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
