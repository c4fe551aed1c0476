"""`hallmark batch`: recompute, evidently, day and schedule."""

from hallmark_cli.lazy import Lazy, LazyGroup
from hallmark_cli.typer_app import make_app


class BatchCommands(LazyGroup):
    """The commands of `hallmark batch`."""

    modules = {  # noqa: RUF012 - a ClassVar could not be overridden
        "recompute": Lazy("hallmark_cli.batch.recompute", "Make the windows of a period anew from its records."),
        "evidently": Lazy("hallmark_cli.batch.evidently", "Let Evidently report on recorded predictions."),
        "day": Lazy("hallmark_cli.batch.day", "Write the reports of one day into a folder of its own."),
        "schedule": Lazy("hallmark_cli.batch.schedule", "Write the reports of each day, by Prefect."),
    }


app = make_app(BatchCommands)


@app.callback()
def batch() -> None:
    """Look at any period again, from its stored records."""
