"""The held-out requests that are shipped with the models."""

import gzip
import json
from itertools import islice
from typing import Any

from tests.support.command import ROOT


def samples(model: str, count: int | None = None) -> list[dict[str, Any]]:
    """The first of them, or all: ``input`` is the body of the request, ``truth`` what was to be said."""
    with gzip.open(ROOT / "models" / model / "sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in islice(lines, count)]
