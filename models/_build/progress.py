"""Progress on the terminal."""

import sys


def say(line: str) -> None:
    """One line for whoever watches a build."""
    sys.stderr.write(line + "\n")
