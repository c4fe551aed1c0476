"""Lines folded to the width of a terminal."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from hallmark_cli import output
from hallmark_cli.render.text import hanging


def folded(text: str, width: int) -> list[str]:
    return [piece.plain for piece in hanging(Text(text), width)]


def test_what_is_folded_is_indented_below() -> None:
    assert folded("  why  the truth is not known yet", 20) == ["  why  the truth is", "      not known yet"]
    assert folded("short", 20) == ["short"]


def test_parts_are_kept_together_where_there_is_room_for_that() -> None:
    assert folded("  ? unknown  a/contract  psi[temp] <= 7", 37) == ["  ? unknown  a/contract", "      psi[temp] <= 7"]


def test_a_long_word_is_cut_and_styles_stay() -> None:
    line = Text.assemble("  ", ("a" * 30, "bold"))
    pieces = hanging(line, 20)
    assert [piece.plain for piece in pieces] == ["  " + "a" * 18, "      " + "a" * 12]
    assert all(piece.spans for piece in pieces)


@given(st.text("ab é  ", max_size=200), st.integers(8, 60))
def test_nothing_is_lost_and_nothing_is_wider(text: str, width: int) -> None:
    pieces = folded(text, width)
    assert "".join(text.split()) == "".join("".join(pieces).split())
    assert all(len(piece) <= width for piece in pieces)


@pytest.mark.parametrize(
    ("terminal", "lines"),
    [(True, ["  why  the truth is", "      not known yet"]), (False, ["  why  the truth is not known yet"])],
)
def test_only_for_a_terminal_are_lines_folded(
    terminal: bool, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=terminal, width=20, soft_wrap=not terminal, color_system=None)
    monkeypatch.setattr(output, "stdout", lambda: console)
    output.write_folded([Text("  why  the truth is not known yet")])
    assert written.getvalue().splitlines() == lines
