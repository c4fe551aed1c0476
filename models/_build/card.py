"""The figures of a model card, written by the build that measured them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

START, END = "<!-- figures: written by build.py -->\n", "<!-- end of figures -->"


def write_figures(card: Path, figures: str) -> None:
    """Put ``figures``, Markdown, between the two marks of a card."""
    before, rest = card.read_text(encoding="utf-8").split(START)
    _, after = rest.split(END)
    card.write_text(f"{before}{START}\n{figures}\n\n{END}{after}", encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
