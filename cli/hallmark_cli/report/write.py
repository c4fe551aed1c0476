"""Writing the page of a report to a file."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hallmark_cli import output
from hallmark_cli.errors import CliError
from hallmark_cli.render.text import counted
from hallmark_cli.report.empty import nothing_found
from hallmark_cli.report.fetch import fetch_material
from hallmark_cli.report.judging import fetch_unusable
from hallmark_cli.report.page.render import render_page
from hallmark_cli.report.question import Question
from hallmark_cli.report.story.material import Material
from hallmark_cli.report.story.tell import tell
from hallmark_cli.up.banner import reachable
from hallmark_common.settings import Settings


def write_page(settings: Settings, asked: Question, file: Path) -> None:
    """Write one page about the windows that were asked for; :class:`CliError` where there are none."""
    material = fetch_material(settings, asked.of_page)
    if not material.windows:
        raise CliError(nothing_found(settings, asked))
    save_page(settings, replace(material, unusable=fetch_unusable(settings)), file)


def save_page(settings: Settings, material: Material, file: Path) -> None:
    """Write one page of what is there already."""
    records = f"http://{reachable(settings.host)}:{settings.web_http_port}/records/"
    page = render_page(tell(material, datetime.now(UTC)), records)
    output.write_file(file, page)
    size = len(page.encode()) / 1e6
    output.note(f"Wrote {file}: {counted(len(material.windows), 'window')}, {size:.1f} MB; open it in a browser.")
