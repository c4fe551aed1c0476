"""What the tests of contracts share: one that is right, and what is said of a text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark_common.contracts.load import read_contract

GOOD = """\
name: shop
consumer: web-shop
model: {name: flights}
objectives:
  - name: fast
    metric: response_time
    aggregate: p95
    operator: "<="
    threshold: 0.2
    window: 1m
"""


@pytest.fixture
def good() -> str:
    """The text of a contract that is right, its objective on lines 5 to 10."""
    return GOOD


@pytest.fixture
def said(tmp_path: Path) -> Callable[[str], list[str]]:
    """What is said of a text in ``shop.yaml``, without the name of the file."""

    def call(text: str) -> list[str]:
        path = tmp_path / "shop.yaml"
        path.write_text(text, encoding="utf-8")
        lines = [str(finding) for finding in read_contract(path).findings]
        assert all("\n" not in line for line in lines)
        return [line.removeprefix(f"{path}:") for line in lines]

    return call
