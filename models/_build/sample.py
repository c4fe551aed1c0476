"""Held-out requests for ``hallmark replay``: gzip of one JSON object a line."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """One instance: the REST body, the truth as text, and when it happened (RFC 3339) where that is known."""

    body: dict[str, Any]
    truth: str
    event_time: str | None = None

    def line(self) -> str:
        """The request as JSON, with keys in a fixed order."""
        document = {"input": self.body, "truth": self.truth}
        if self.event_time is not None:
            document["event_time"] = self.event_time
        return json.dumps(document, separators=(",", ":")) + "\n"


def write_sample(path: Path, requests: Iterable[Request]) -> None:
    """Write the file; the same requests give the same bytes, since no time is kept in it."""
    text = "".join(request.line() for request in requests)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
