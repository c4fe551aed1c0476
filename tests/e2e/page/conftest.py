"""A real browser that watches itself: what a page must never do is collected while it is used."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

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
EXPECTED_WITHIN_MS = 20_000
"""For what a page shows at once on an idle machine."""

REFUSED = "Failed to load resource"
"""Chromium logs every HTTP status from 400 on as an error of the page, also one that the page expects and shows."""


class Stack(Protocol):
    """The running services, as far as a browser needs to know them."""

    web_url: str


@dataclass
class Trouble:
    """What no page may do, as it was seen."""

    origin: str
    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Collect from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"exception: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.seen.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("blob", "data") and f"{url.scheme}://{url.netloc}" != self.origin:
            self.seen.append(f"request to elsewhere: {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests of the page, and for no others: no asyncio test can run beside it."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"the page is tested in a real browser and none of {', '.join(BROWSERS)} is on PATH")
    expect.set_options(timeout=EXPECTED_WITHIN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def viewport() -> dict[str, int]:
    """Size of the window in CSS pixels; tests of other sizes parametrize it."""
    return {"width": 1440, "height": 900}


@pytest.fixture
def browser_page(browser: Browser, stack: Stack, viewport: dict[str, int]) -> Iterator[Page]:
    """An empty page at the stack's address; whatever it does wrong fails the test at its end."""
    options: dict[str, Any] = {"viewport": viewport, "base_url": stack.web_url, "reduced_motion": "reduce"}
    with browser.new_context(**options) as context:
        page = context.new_page()
        trouble = Trouble(stack.web_url.rstrip("/"))
        trouble.watch(page)
        yield page
    assert trouble.seen == []
