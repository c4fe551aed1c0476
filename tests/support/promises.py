"""Contracts for tests, as files that services read."""

import json
from pathlib import Path

from hallmark_common.contracts import Contract
from hallmark_common.contracts.load import read_contract


def write_promise(
    folder: Path, metric: str, operator: str, threshold: float, *, of: str = "", aggregate: str = "", model: str = "m"
) -> Path:
    """Write a contract of one objective, for every consumer of a model; JSON is YAML."""
    objective = {"name": "o", "metric": metric, "of": of, "aggregate": aggregate, "operator": operator}
    objective |= {"threshold": threshold, "window": "1m"}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{metric.replace('_', '-')}.yaml"
    document = {"name": path.stem, "consumer": "*", "model": {"name": model}, "objectives": [objective]}
    path.write_text(json.dumps(document))
    return path


def read_promise(path: Path) -> Contract:
    """The contract in a file, which is a good one."""
    found = read_contract(path)
    assert found.contract is not None, found.errors
    return found.contract
