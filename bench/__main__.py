"""Run every benchmark and write ``bench/results/<name>.json``."""

import json
import sys
import tempfile
from pathlib import Path

from bench import chain
from bench.machine import describe

RESULTS = Path(__file__).parent / "results"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # progress of a long run


def main() -> int:
    """Measure, write, and print where to look."""
    with tempfile.TemporaryDirectory() as folder:
        document = {"machine": describe(), **chain.run(Path(folder), _say)}
    path = RESULTS / "chain.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    for name, case in document["cases"].items():
        for telemetry in ("on", "off", "dead"):
            found = case[f"telemetry_{telemetry}"]
            _say(
                f"{name}, telemetry {telemetry}: {found['per_second']['median']:.0f} requests/s, "
                f"p50 {found['p50_ms']['median']:.2f} ms, p99 {found['p99_ms']['median']:.2f} ms"
            )
    _say(f"written: {path.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
