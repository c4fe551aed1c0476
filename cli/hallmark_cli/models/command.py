"""`hallmark models`: add and list."""

import typer

from hallmark_cli.lazy import LazyGroup


class ModelsCommands(LazyGroup):
    """The commands of `hallmark models`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "add": "hallmark_cli.models.add",
        "list": "hallmark_cli.models.list",
    }


app = typer.Typer(cls=ModelsCommands, rich_markup_mode=None)


@app.callback()
def models() -> None:
    """Add models and list them."""
