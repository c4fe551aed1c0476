"""The flow that Prefect runs every day: each part of `hallmark batch day` a task that is tried again.

Prefect loads this module by its path in the process of each run.
"""

from datetime import UTC, datetime
from pathlib import Path

from hallmark_cli.batch.day import day_of, evidently_models, write_evidently, write_windows
from hallmark_cli.batch.extras import needed
from hallmark_common.settings import load_settings

RETRIES = 3
RETRY_AFTER_S = 300

prefect = needed("prefect", "prefect", "hallmark batch schedule")


def write_windows_of(day: str, folder: str) -> None:
    """See :func:`~hallmark_cli.batch.day.write_windows`."""
    write_windows(load_settings(), day_of(day, datetime.now(UTC)), Path(folder))


def write_evidently_of(model: str, day: str, folder: str) -> None:
    """See :func:`~hallmark_cli.batch.day.write_evidently`."""
    write_evidently(load_settings(), model, day_of(day, datetime.now(UTC)), Path(folder))


windows_task = prefect.task(write_windows_of, name="windows", retries=RETRIES, retry_delay_seconds=RETRY_AFTER_S)
evidently_task = prefect.task(write_evidently_of, name="evidently", retries=RETRIES, retry_delay_seconds=RETRY_AFTER_S)


# Prefect finds the flow by the name of the function, and is not there for who checks types without it.
@prefect.flow(name="hallmark-day")  # type: ignore[untyped-decorator]
def hallmark_day(folder: str = "reports", models: list[str] | None = None, day: str = "") -> str:
    """Keep what is to be kept of a day, yesterday where none is given; the day."""
    which = day_of(day, datetime.now(UTC)).isoformat()
    parts = [windows_task.submit(which, folder)]
    for model in evidently_models(load_settings(), models or ()):
        parts.append(evidently_task.submit(model, which, folder))
    for part in parts:
        part.result()
    return which
