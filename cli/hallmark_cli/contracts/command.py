"""`hallmark contracts`: check and import."""

from hallmark_cli.lazy import LazyGroup
from hallmark_cli.typer_app import make_app


class ContractsCommands(LazyGroup):
    """The commands of `hallmark contracts`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "check": "hallmark_cli.contracts.check",
        "import": "hallmark_cli.contracts.importing",
    }


app = make_app(ContractsCommands)


@app.callback()
def contracts() -> None:
    """Check contracts, and import those of others."""
