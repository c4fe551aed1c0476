"""`hallmark contracts`: check and import."""

from hallmark_cli.lazy import Lazy, LazyGroup
from hallmark_cli.typer_app import make_app


class ContractsCommands(LazyGroup):
    """The commands of `hallmark contracts`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "check": Lazy("hallmark_cli.contracts.check", "Check contracts, and judge stored records by them."),
        "import": Lazy(
            "hallmark_cli.contracts.importing", "Make a contract of one of QoA4ML, or of the form of its tutorials."
        ),
    }


app = make_app(ContractsCommands)


@app.callback()
def contracts() -> None:
    """Check contracts, and import those of others."""
