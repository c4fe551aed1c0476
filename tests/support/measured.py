"""What a fault did to a pipeline, in figures: what the table of faults in docs/operator.md is made from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """One run of one test."""

    predictions: int
    """That were made, none of which failed."""
    spans: int
    """That the services made for them."""
    records: int
    """Complete ones in the store at the end."""
    stored_spans: int
    """Spans in all records."""
    repeated_spans: int
    """That reached the engine again, and were stored once; a killed process does not tell of its last second."""
    complete_s: float
    """From the end of fault and load until the last record was complete."""
    alerts: tuple[str, ...]
    """That were waited for, and fired."""


def read(file: Path) -> dict[str, Measured]:
    """By name of the test."""
    if not file.exists():
        return {}
    found = json.loads(file.read_text())
    return {test: Measured(**{**fields, "alerts": tuple(fields["alerts"])}) for test, fields in found.items()}


def keep(file: Path, test: str, measured: Measured) -> None:
    """Put one into the file, in the place of what that test measured before."""
    every = {**read(file), test: measured}
    text = json.dumps({name: asdict(every[name]) for name in sorted(every)}, indent=1)
    file.write_text(text + "\n")
