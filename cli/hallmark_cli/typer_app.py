"""How every module of a command makes its ``app``: plain text, nothing but the command's own options."""

from typing import Any

import typer
import typer.core


class Command(typer.core.TyperCommand):
    """A command whose usage line names an argument as its help does, without Typer's braces."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the name of the command in the usage line."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


def make_app(cls: type[typer.core.TyperGroup] | None = None) -> typer.Typer:
    """An application for one command, or for a group of class ``cls``.

    Without Typer's completion options: each command would offer to edit the user's shell profile.
    """
    return typer.Typer(cls=cls, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
