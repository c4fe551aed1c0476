"""A group of commands, each imported only when it is asked for: most need gRPC, one needs ONNX Runtime."""

import difflib
import importlib
from dataclasses import dataclass
from typing import Any

import typer.core
import typer.main


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet."""

    module: str
    """Holds it as ``app``."""
    summary: str
    """The first sentence of its help, so that a list of commands imports none of them."""


class LazyGroup(typer.core.TyperGroup):
    """Commands by name."""

    modules: dict[str, Lazy]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, None for an unknown one."""
        if cmd_name in self.modules and cmd_name not in self.commands:
            command = typer.main.get_command(importlib.import_module(self.modules[cmd_name].module).app)
            command.name = cmd_name
            self.commands[cmd_name] = command
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """Every name, in the order of ``modules``."""
        del ctx
        return list(self.modules)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """As the base class, from what is said of each here."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in self.modules.items()])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the base class; nothing at all asks for help."""
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As the base class, with a hint for a misspelt name: it knows only what has been imported."""
        close = difflib.get_close_matches(args[0], self.modules, n=1)
        if args[0] not in self.modules and close:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)
