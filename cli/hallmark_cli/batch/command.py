"""`hallmark batch`: recompute, evidently, day and schedule."""

from hallmark_cli.lazy import LazyGroup
from hallmark_cli.typer_app import make_app


class BatchCommands(LazyGroup):
    """The commands of `hallmark batch`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "recompute": "hallmark_cli.batch.recompute",
        "evidently": "hallmark_cli.batch.evidently",
        "day": "hallmark_cli.batch.day",
        "schedule": "hallmark_cli.batch.schedule",
    }


app = make_app(BatchCommands)


@app.callback()
def batch() -> None:
    """Look at any period again, from its stored records."""
