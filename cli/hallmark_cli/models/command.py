"""`hallmark models`: add and list."""

from hallmark_cli.lazy import LazyGroup
from hallmark_cli.typer_app import make_app


class ModelsCommands(LazyGroup):
    """The commands of `hallmark models`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "add": "hallmark_cli.models.add",
        "list": "hallmark_cli.models.list",
    }


app = make_app(ModelsCommands)


@app.callback()
def models() -> None:
    """Add models and list them."""
