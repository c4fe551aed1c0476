"""`hallmark batch schedule`: `hallmark batch day` every day, by Prefect."""

from pathlib import Path
from typing import Annotated

import typer

from hallmark_cli import output
from hallmark_cli.batch.day import Folder, Models
from hallmark_cli.batch.extras import needed
from hallmark_cli.errors import CliError
from hallmark_cli.typer_app import Command, make_app

app = make_app()


@app.command(cls=Command)
def schedule(
    *,
    cron: Annotated[str, typer.Option(metavar="CRON", help="When, in UTC.")] = "0 6 * * *",
    folder: Folder = Path("reports"),
    model: Models = None,
) -> None:
    """Run `hallmark batch day` on a schedule, in the foreground, until Ctrl-C.

    Runs are kept by the Prefect API that PREFECT_API_URL names, or by one of this process. Plain cron does as well and
    needs nothing: docs/user.md says how.
    """
    schedules = needed("prefect.client.schemas.schedules", "prefect", "hallmark batch schedule")
    try:
        schedules.CronSchedule(cron=cron, timezone="UTC")
    except ValueError:
        raise CliError(f"--cron {cron!r}: expected five fields such as '0 6 * * *'", exit_code=2) from None
    flow = needed("hallmark_cli.batch.flow", "prefect", "hallmark batch schedule").hallmark_day
    output.note(f"Every day by {cron} (UTC) into {folder}; Ctrl-C ends it.")
    flow.serve(name="hallmark-day", cron=cron, parameters={"folder": str(folder.absolute()), "models": model})
