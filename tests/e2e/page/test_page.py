"""The page in a real browser against the running stack, by clicking."""

import io
import re
from typing import Protocol

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Locator, Page, expect

PREDICTION_ID = re.compile(r"^[0-9a-f]{32}-[0-9a-f]{16}$")
RECORD_WITHIN_MS = 30_000
STAGES = ["web", "preprocess", "inference"]


class Stack(Protocol):
    """The running services, as far as these tests need them."""

    web_url: str


def choose(page: Page, model: str) -> None:
    page.goto(f"/#{model}")
    expect(page.locator(f"input[name=model][value='{model}']")).to_be_checked()


def draw_one(page: Page) -> None:
    """A vertical stroke in the middle of the pad."""
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    x, y, height = box["x"] + box["width"] / 2, box["y"], box["height"]
    page.mouse.move(x, y + height * 0.2)
    page.mouse.down()
    page.mouse.move(x, y + height * 0.8, steps=12)
    page.mouse.up()


def predict(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()


def answered(page: Page) -> Locator:
    big = page.locator("#answer [data-answer]")
    expect(big).to_be_visible()
    return big


def answered_id(page: Page) -> str:
    shown = page.locator("[data-id=prediction]")
    expect(shown).to_have_text(PREDICTION_ID)
    return shown.inner_text()


def stages_in(waterfall: Locator) -> list[str | None]:
    return [lane.get_attribute("data-stage") for lane in waterfall.locator("[data-stage]").all()]


def png_of_a_one() -> bytes:
    image = Image.new("L", (64, 64), 0)
    ImageDraw.Draw(image).line([(32, 12), (32, 52)], fill=255, width=6)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_drawn_digit_is_answered_with_its_quality(browser_page: Page) -> None:
    choose(browser_page, "digits")
    draw_one(browser_page)
    predict(browser_page)
    expect(answered(browser_page)).to_have_attribute("data-answer", "1")
    expect(browser_page.locator(".scores li")).to_have_count(10)
    expect(browser_page.locator("#answer-said")).to_contain_text("1, ")
    answered_id(browser_page)
    assert stages_in(browser_page.locator("#answer .waterfall")) == STAGES
    expect(browser_page.locator("[data-block=data]")).to_contain_text("PNG")
    expect(browser_page.locator("[data-block=inference]")).to_contain_text("Compute")


def test_undo_and_clear_leave_nothing_to_send(browser_page: Page) -> None:
    choose(browser_page, "digits")
    undo, clear = (browser_page.get_by_role("button", name=name) for name in ("Undo", "Clear"))
    expect(undo).to_be_disabled()
    draw_one(browser_page)
    undo.click()
    expect(undo).to_be_disabled()
    draw_one(browser_page)
    clear.click()
    predict(browser_page)
    expect(browser_page.locator("#image-error")).to_have_text("Draw something, or choose an image.")
    expect(browser_page.locator("#answer [data-answer]")).to_have_count(0)


def test_an_uploaded_image_is_answered(browser_page: Page) -> None:
    choose(browser_page, "digits")
    upload: FilePayload = {"name": "one.png", "mimeType": "image/png", "buffer": png_of_a_one()}
    browser_page.set_input_files("#image-file", files=upload)
    expect(browser_page.locator(".pad-status")).to_contain_text("one.png")
    predict(browser_page)
    expect(answered(browser_page)).to_have_attribute("data-answer", "1")
    expect(browser_page.locator("[data-block=data]")).to_contain_text("64 × 64")


def test_a_file_that_is_no_image_is_refused_at_the_pad(browser_page: Page) -> None:
    choose(browser_page, "digits")
    upload: FilePayload = {"name": "note.png", "mimeType": "image/png", "buffer": b"this is no image"}
    browser_page.set_input_files("#image-file", files=upload)
    predict(browser_page)
    expect(browser_page.locator("#image-error")).to_contain_text("Expected")
    expect(browser_page.locator("#answer .failure")).to_contain_text("INVALID_ARGUMENT")


def test_a_flight_is_answered_from_its_prefilled_form(browser_page: Page) -> None:
    choose(browser_page, "flights")
    expect(browser_page.locator("#column-carrier")).not_to_have_value("")
    predict(browser_page)
    expect(answered(browser_page)).to_contain_text("%")
    assert stages_in(browser_page.locator("#answer .waterfall")) == STAGES


def test_an_invalid_value_is_said_at_its_own_field_until_it_is_changed(browser_page: Page) -> None:
    choose(browser_page, "flights")
    distance = browser_page.locator("#column-distance")
    distance.fill("-5")
    predict(browser_page)
    error = browser_page.locator("#column-distance-error")
    expect(error).to_contain_text("-5")
    expect(distance).to_have_attribute("aria-invalid", "true")
    expect(browser_page.locator("[aria-invalid]")).to_have_count(1)
    distance.fill("700")
    expect(error).to_be_hidden()
    predict(browser_page)
    answered(browser_page)


def test_the_consumer_is_remembered_and_recorded(browser_page: Page) -> None:
    choose(browser_page, "flights")
    browser_page.get_by_label("Ask as").fill("page-test")
    predict(browser_page)
    answered(browser_page)
    row = browser_page.locator(f"[data-prediction='{answered_id(browser_page)}']")
    expect(row).to_contain_text("page-test", timeout=RECORD_WITHIN_MS)
    browser_page.reload()
    expect(browser_page.get_by_label("Ask as")).to_have_value("page-test")


def test_the_live_list_shows_the_new_record_and_opens_its_page(browser_page: Page, stack: Stack) -> None:
    choose(browser_page, "digits")
    expect(browser_page.locator("#live-state")).to_have_text("live")
    draw_one(browser_page)
    predict(browser_page)
    answered(browser_page)
    prediction_id = answered_id(browser_page)
    row = browser_page.locator(f"[data-prediction='{prediction_id}']")
    expect(row).to_contain_text("yours", timeout=RECORD_WITHIN_MS)
    row.get_by_role("link").click()
    browser_page.wait_for_url(f"{stack.web_url}/records/{prediction_id}")
    headline = browser_page.get_by_role("heading", level=1)
    expect(headline).to_contain_text("digits and was answered 1", timeout=RECORD_WITHIN_MS)
    expect(browser_page.locator(".headline")).to_contain_text("complete")
    waterfall = browser_page.locator("[data-section=time] .waterfall")
    assert stages_in(waterfall) == STAGES
    expect(waterfall.locator(".span-id")).to_have_count(3)
    expect(browser_page.locator("[data-section=identity]")).to_contain_text(prediction_id)


def test_the_live_list_keeps_to_its_filter(browser_page: Page) -> None:
    choose(browser_page, "flights")
    browser_page.locator("#live-model").select_option("digits")
    expect(browser_page.locator("#live-state")).to_have_text("live")
    predict(browser_page)
    answered(browser_page)
    of_flights = browser_page.locator(f"[data-prediction='{answered_id(browser_page)}']")
    choose(browser_page, "digits")
    draw_one(browser_page)
    predict(browser_page)
    answered(browser_page)
    of_digits = browser_page.locator(f"[data-prediction='{answered_id(browser_page)}']")
    expect(of_digits).to_be_visible(timeout=RECORD_WITHIN_MS)
    expect(of_flights).to_have_count(0)
    browser_page.locator("#live-model").select_option("flights")
    expect(of_flights).to_be_visible(timeout=RECORD_WITHIN_MS)
    expect(of_digits).to_have_count(0)


def test_a_paused_list_waits_and_then_catches_up(browser_page: Page) -> None:
    choose(browser_page, "flights")
    expect(browser_page.locator("#live-state")).to_have_text("live")
    pause = browser_page.locator("#live-pause")
    pause.click()
    predict(browser_page)
    answered(browser_page)
    row = browser_page.locator(f"[data-prediction='{answered_id(browser_page)}']")
    expect(pause).to_contain_text("Resume (", timeout=RECORD_WITHIN_MS)
    expect(row).to_have_count(0)
    pause.click()
    expect(row).to_be_visible(timeout=RECORD_WITHIN_MS)


def test_the_page_of_an_unknown_record_says_so_after_waiting(browser_page: Page) -> None:
    browser_page.goto(f"/records/{'0' * 31}1-{'0' * 15}1")
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Waiting for the record")
    expect(browser_page.get_by_role("heading", level=1)).to_have_text(
        "There is no record with this id", timeout=RECORD_WITHIN_MS
    )
    expect(browser_page.get_by_role("button", name="Look again")).to_be_visible()


@pytest.mark.parametrize("viewport", [{"width": 360, "height": 740}, {"width": 768, "height": 1024}])
def test_a_narrow_screen_never_scrolls_sideways(browser_page: Page) -> None:
    choose(browser_page, "flights")
    predict(browser_page)
    answered(browser_page)
    assert overflow(browser_page) <= 0
    choose(browser_page, "digits")
    draw_one(browser_page)
    predict(browser_page)
    answered(browser_page)
    assert overflow(browser_page) <= 0
    browser_page.get_by_role("link", name="Open record").click()
    expect(browser_page.locator(".story")).to_be_visible(timeout=RECORD_WITHIN_MS)
    assert overflow(browser_page) <= 0


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(width)


def test_everything_works_from_the_keyboard(browser_page: Page) -> None:
    choose(browser_page, "digits")
    browser_page.locator("input[name=model]:checked").focus()
    browser_page.keyboard.press("ArrowRight")
    expect(browser_page.locator("#column-carrier")).to_be_visible()
    browser_page.locator("#column-carrier").focus()
    browser_page.get_by_role("button", name="Predict").focus()
    browser_page.keyboard.press("Enter")
    answered(browser_page)


def test_nothing_that_a_consumer_sends_becomes_markup(browser_page: Page) -> None:
    hostile = "<img src=x onerror=document.title=1>"
    choose(browser_page, "flights")
    browser_page.get_by_label("Ask as").fill(hostile)
    predict(browser_page)
    answered(browser_page)
    row = browser_page.locator(f"[data-prediction='{answered_id(browser_page)}']")
    expect(row).to_contain_text(hostile, timeout=RECORD_WITHIN_MS)
    expect(browser_page.locator("img[src=x]")).to_have_count(0)
