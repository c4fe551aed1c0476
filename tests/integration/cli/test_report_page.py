"""The page of a report in a real browser, opened as a file."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hallmark_cli.report.page.render import render_page
from hallmark_cli.report.question import Found
from hallmark_cli.report.story.material import Material
from hallmark_cli.report.story.tell import tell
from tests.support.reports import DAY_START_S, a_day

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LEAST_CONTRAST = 4.5
"""Of text, WCAG 2.2, 1.4.3."""

LEAST_TEXT_PX = 9

SMALLEST_TEXT = """
() => Math.min(...[...document.querySelectorAll(".plot")].map((plot) => {
  const scale = plot.getBoundingClientRect().width / plot.viewBox.baseVal.width;
  return parseFloat(getComputedStyle(plot.querySelector("text")).fontSize) * scale;
}))
"""
"""Of text in plots, which scale with their width."""

CONTRAST = """
() => {
  const paint = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = paint(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return { r: 255, g: 255, b: 255 };
  };
  const found = {};
  for (const node of document.querySelectorAll("p, th, td, h1, h2, h3, h4, a, .badge, dd, dt, code, svg text")) {
    const style = getComputedStyle(node);
    if (!node.textContent.trim() || node.closest(".unseen, .skip")) continue;
    const ink = light(paint(node.closest("svg") ? style.fill : style.color));
    const ground = light(behind(node.closest("svg")?.parentElement ?? node));
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const name = `${node.tagName}.${node.getAttribute("class") ?? ""}`;
    found[name] = Math.min(found[name] ?? 99, ratio);
  }
  return found;
}
"""
"""The least contrast of each kind of text on the page."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up day."""
    day = a_day()
    whole = tuple(window for window in day if not window.segment)
    segments = [window for window in day if window.segment]
    story = tell(Material(Found(whole, more=True), whole[-50:], segments), datetime.fromtimestamp(DAY_START_S, UTC))
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render_page(story, "http://127.0.0.1:8080/records/"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"the page is tested in a real browser and none of {', '.join(BROWSERS)} is on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def view() -> tuple[int, str]:
    """Width of the window in CSS pixels and colour scheme; tests of others parametrize it."""
    return 1440, "light"


@pytest.fixture
def page(browser: Browser, file: Path, view: tuple[int, Literal["light", "dark"]]) -> Iterator[Page]:
    """The page, opened from its file; whatever it asks for or complains of fails the test at its end."""
    width, scheme = view
    trouble: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        page.on("console", lambda message: trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: trouble.append(f"exception: {error}"))
        page.on("request", lambda asked: trouble.append(f"request: {asked.url}"))
        page.goto(file.as_uri())
        yield page
    assert trouble == [f"request: {file.as_uri()}"]


@pytest.mark.parametrize("view", [(1440, "light"), (768, "dark"), (360, "light"), (360, "dark")])
def test_it_reads_well_at_every_width_and_in_every_light(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "2 of 5 promises were broken, 3 were kept where that could be judged."
    )
    expect(page.get_by_role("heading", level=2, name="operations asked flights")).to_be_visible()
    expect(page.get_by_text("its own time is 290 ms, 4.1 ms is usual").first).to_be_visible()
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
    assert page.evaluate(SMALLEST_TEXT) >= LEAST_TEXT_PX
    least = page.evaluate(CONTRAST)
    assert len(least) > 15
    assert {name: round(ratio, 2) for name, ratio in least.items() if ratio < LEAST_CONTRAST} == {}


def test_its_style_is_its_own_and_taken(page: Page) -> None:
    family = page.evaluate("getComputedStyle(document.querySelector('.plot .line')).stroke")
    assert family not in ("none", "")
    assert page.evaluate("getComputedStyle(document.querySelector('.forbidden')).fillOpacity") == "0.06"


def test_every_picture_has_words_and_every_table_a_caption(page: Page) -> None:
    pictures = page.get_by_role("img").all()
    assert len(pictures) > 20
    assert all((picture.get_attribute("aria-label") or "").strip() for picture in pictures)
    assert page.evaluate("[...document.querySelectorAll('table')].every((table) => table.caption)")
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((head) => Number(head.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_it_works_from_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the report")).to_be_focused()
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details table").first).to_be_visible()


@pytest.mark.parametrize("view", [(768, "dark")])
def test_it_prints_in_dark_ink_and_without_what_only_a_screen_needs(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Metrics", exact=True)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 51)"
    assert page.pdf(format="A4").startswith(b"%PDF")
