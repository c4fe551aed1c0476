"""Writing the page of a report to a file."""

from datetime import UTC, datetime
from pathlib import Path

from hallmark_cli import output
from hallmark_cli.errors import CliError
from hallmark_cli.report.empty import nothing_found
from hallmark_cli.report.fetch import fetch_material
from hallmark_cli.report.page.render import render_page
from hallmark_cli.report.question import Question
from hallmark_cli.report.story.tell import tell
from hallmark_cli.up.banner import reachable
from hallmark_common.settings import Settings


def write_page(settings: Settings, asked: Question, file: Path) -> None:
    """Write one page about the windows that were asked for; :class:`CliError` where there are none."""
    material = fetch_material(settings, asked)
    if not material.windows:
        raise CliError(nothing_found(settings, asked))
    records = f"http://{reachable(settings.host)}:{settings.web_http_port}/records/"
    text = render_page(tell(material, datetime.now(UTC)), records)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"--html {file}: cannot be written: {error.strerror}") from None
    output.note(f"Wrote {file}: {len(material.windows)} windows, {len(text) / 2**20:.1f} MB; open it in a browser.")
