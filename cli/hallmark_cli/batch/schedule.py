"""`hallmark batch schedule`: `hallmark batch day` every day, by Prefect."""

from pathlib import Path
from typing import Annotated

import typer

from hallmark_cli import output
from hallmark_cli.batch.day import Folder, Models
from hallmark_cli.batch.extras import needed
from hallmark_cli.errors import CliError
from hallmark_cli.typer_app import Command, make_app

WHO = "hallmark batch schedule"

app = make_app()


@app.command(cls=Command)
def schedule(
    *,
    cron: Annotated[str, typer.Option(metavar="CRON", help="When, in UTC.")] = "0 6 * * *",
    folder: Folder = Path("reports"),
    model: Models = None,
) -> None:
    """Write the reports of each day, by Prefect.

    Runs `hallmark batch day` on a schedule, in the foreground, until Ctrl-C. Runs are kept by the server of Prefect
    that PREFECT_API_URL names. Plain cron does as well and needs nothing: docs/user.md says how.
    """
    schedules = needed("prefect.client.schemas.schedules", "prefect", WHO)
    try:
        schedules.CronSchedule(cron=cron, timezone="UTC")
    except ValueError:
        raise CliError(f"--cron {cron!r}: expected five fields such as '0 6 * * *'", exit_code=2) from None
    _require_server()
    flow = needed("hallmark_cli.batch.flow", "prefect", WHO).hallmark_day
    output.note(f"Every day by {cron} (UTC) into {folder}; Ctrl-C ends it.")
    flow.serve(name="hallmark-day", cron=cron, parameters={"folder": str(folder.absolute()), "models": model})


def _require_server() -> None:
    """:class:`CliError` where no server of Prefect answers."""
    # The one that Prefect would start in this process does not go together with our FastAPI.
    url = needed("prefect.settings", "prefect", WHO).PREFECT_API_URL.value()
    if not url:
        raise CliError("PREFECT_API_URL: set it to a server of Prefect, such as http://127.0.0.1:4200/api")
    with needed("prefect.client.orchestration", "prefect", WHO).get_client(sync_client=True) as client:
        wrong = client.api_healthcheck()
    if wrong:
        raise CliError(f"PREFECT_API_URL {url}: no server of Prefect answers there: {wrong}; is it running?")
