"""The lines of parts on the terminal of a stack."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from hallmark_cli.stack.follow import MAX_BYTES, MAX_SHOWN, Follower, shown
from hallmark_cli.stack.terminal import Terminal


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"level": "INFO", "service": "x", "message": "is ready"}', "is ready"),
        ('{"level": "ERROR", "message": "failed", "exception": "ValueError"}', "ERROR failed: ValueError"),
        ('{"level":"warn","msg":"refused","error":"no room"}', "WARN refused: no room"),
        ("level=warn msg=plain", "level=warn msg=plain"),
        ("[1, 2]", "[1, 2]"),
        ("\x1b[38;5;214mcoloured\x1b[0m\ttext\x07", "coloured text"),
        ("y" * 2000, "y" * MAX_SHOWN),
        ("", ""),
    ],
)
def test_what_a_line_shows(line: str, text: str) -> None:
    assert shown(line) == text


def test_whole_lines_are_shown_once_and_from_where_the_log_was(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[tuple[str, str]]()
    log.write_text("before\n")
    follower = Follower({"part": log}, lambda name, line: seen.append((name, line)))
    for added in ("one\ntw", "", "o\n"):
        with log.open("a") as file:
            file.write(added)
        follower.catch_up()
    assert seen == [("part", "one"), ("part", "two")]


def test_a_flood_is_cut_to_its_end_and_says_so(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[str]()
    log.touch()
    follower = Follower({"part": log}, lambda _, line: seen.append(line))
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    follower.catch_up()
    assert seen[0].startswith("… ")
    assert str(log)[:100] in seen[0]
    assert seen[-1] == "line 9999"
    assert sum(map(len, seen[1:])) < MAX_BYTES


def test_a_line_without_an_end_is_not_read_for_ever(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[str]()
    log.touch()
    follower = Follower({"part": log}, lambda _, line: seen.append(line))
    log.write_text("x" * (3 * MAX_BYTES))
    follower.catch_up()
    with log.open("a") as file:
        file.write("\nnext\n")
    follower.catch_up()
    assert seen[-1] == "next"


def _terminal(width: int, *, is_terminal: bool) -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=is_terminal, color_system=None, highlight=False)
    return Terminal(console, ("web", "collector")), out


def test_lines_stand_behind_names_of_one_width() -> None:
    terminal, out = _terminal(30, is_terminal=False)
    terminal.show("web", "a [bold]line[/bold] that is longer than that")
    terminal.show("collector", "")
    assert out.getvalue().splitlines() == [
        "web       | a [bold]line[/bold] that is longer than that",
        "collector | ",
    ]


def test_on_a_terminal_the_rest_of_a_line_stands_behind_the_name_too() -> None:
    terminal, out = _terminal(42, is_terminal=True)
    terminal.show("web", "x" * 31)
    assert out.getvalue().splitlines() == [f"web       | {'x' * 30}", "web       | x"]


def test_on_a_terminal_a_line_is_broken_between_words() -> None:
    terminal, out = _terminal(46, is_terminal=True)
    terminal.show("web", "  level=warn caller=a-name-with-hyphens.go said")
    assert out.getvalue().splitlines() == ["web       |   level=warn", "web       | caller=a-name-with-hyphens.go said"]


def test_only_the_name_is_coloured() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system="standard", highlight=False)
    Terminal(console, ("web",)).show("web", "a line")
    assert out.getvalue() == "\x1b[36mweb | \x1b[0ma line\n"


def test_a_terminal_that_was_closed_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    # As standard output, which Rich points elsewhere then; in a process of its own, so that this one keeps its own.
    script = (
        "from rich.console import Console; from hallmark_cli.stack.terminal import Terminal; import sys\n"
        "terminal = Terminal(Console(), ('web',))\n"
        "for _ in range(3): terminal.say('x'); terminal.show('web', 'y')\n"
        "sys.stderr.write('goes on')"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=writer, stderr=subprocess.PIPE, check=True, timeout=60)
    os.close(writer)
    assert done.stderr == b"goes on"
