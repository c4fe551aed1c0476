"""The page as text: it holds what it should, loads nothing, and takes nothing from outside for markup."""

from collections.abc import Callable, Sequence
from html.parser import HTMLParser

import pytest

from hallmark.qoa.v1.report_pb2 import WindowReport, WindowVerdict
from hallmark_cli.report.page.render import percent, render_page, rfc3339
from hallmark_cli.report.story.tell import Story
from hallmark_common.catalogue import CATALOGUE
from tests.support import reports
from tests.support.reports import DAY_START_S, FAST, MINUTE_S, minutes, verdict_of, window

Told = Callable[[Sequence[WindowReport]], Story]

RECORDS = "http://127.0.0.1:8080/records/"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}&lt;"
VOID = {"meta", "link", "br", "img", "input", "hr"}
"""Elements that HTML never closes."""


class Reader(HTMLParser):
    """Reads a page and collects what matters of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(story_of: Told, day: list[WindowReport]) -> str:
    """The page of a made-up day."""
    return render_page(story_of(day), RECORDS)


def test_the_page_says_what_was_promised_what_broke_and_what_proves_it(page: str) -> None:
    read = Reader(page)
    for said in (
        "2 of 5 promises were broken, 3 were kept where that could be judged.",
        "response_time.p95 <= 200 ms",
        "stage inference",
        "its own time is 290 ms, 4.1 ms is usual",
        "No contract is about these predictions",
        "Drift of inputs and answers",
        "Error budgets",
        "Segments side by side",
        "Truth and calibration",
    ):
        assert said in read.text, said
    assert read.open == []
    first_slow = next(each for each in read.addresses if each.startswith(RECORDS))
    assert len(first_slow) == len(RECORDS) + 49


def test_the_page_explains_every_metric(page: str) -> None:
    read = Reader(page)
    for metric in CATALOGUE.values():
        assert f'id="metric-{metric.name}"' in page
        assert metric.description in read.text


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    inner = {address for address in Reader(page).addresses if address.startswith("#")}
    assert inner
    assert all(f'id="{address[1:]}"' in page for address in inner)


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    read = Reader(page)
    assert not {"script", "iframe", "object", "embed", "form", "img"} & set(read.tags)
    assert not {name for name in read.attributes if name.startswith("on") or name == "style"}
    outside = {address for address in read.addresses if not address.startswith(("#", RECORDS, "data:image/svg+xml;"))}
    assert outside == set()
    assert "url(" not in page
    assert "@import" not in page


def test_names_from_outside_are_text(story_of: Told) -> None:
    subject = reports.Subject(HOSTILE, HOSTILE, HOSTILE)
    verdict = verdict_of(subject, FAST, DAY_START_S, MINUTE_S, 0.5)
    verdict.contract = verdict.objective = verdict.severity = verdict.contract_version = HOSTILE
    verdict.reasons[0] = verdict.blame.name = verdict.blame.detail = verdict.segment = HOSTILE
    verdict.evidence[0].detail = verdict.evidence[0].prediction_id = verdict.evidence[0].stage = HOSTILE
    figures = {f"psi[{HOSTILE}]": 0.3, HOSTILE: 1.0, "response_time.p50": 0.1}
    windows = [
        window(subject, DAY_START_S, MINUTE_S, figures, [verdict]),
        window(subject, DAY_START_S, MINUTE_S, {"accuracy": 0.4}, segment=f"carrier={HOSTILE}"),
        window(subject, DAY_START_S, MINUTE_S, {"accuracy": 0.5}, segment="carrier=UA"),
    ]
    windows[0].versions[0] = HOSTILE
    page = render_page(story_of(windows), RECORDS)
    read = Reader(page)
    assert not {"script", "img"} & set(read.tags)
    assert not {name for name in read.attributes if name.startswith("on")}
    assert read.text.count(HOSTILE) >= 10
    assert read.open == []


def test_a_blame_that_changes_while_it_lasts_is_the_first(story_of: Told) -> None:
    subject = reports.Subject()
    verdicts = [verdict_of(subject, FAST, DAY_START_S + index * MINUTE_S, MINUTE_S, 0.5) for index in range(2)]
    same, changed = (_of_episode(story_of, verdicts, name) for name in ("inference", "web"))
    assert "Blamed on stage inference" in same
    assert "Blamed at first on stage inference" in changed


def _of_episode(story_of: Told, verdicts: Sequence[WindowVerdict], last: str) -> str:
    verdicts[-1].blame.name = last
    windows = [window(reports.Subject(), each.start.seconds, MINUTE_S, {}, [each]) for each in verdicts]
    return Reader(render_page(story_of(windows), RECORDS)).text


def test_thousands_of_windows_stay_a_page_that_opens(story_of: Told) -> None:
    windows = [each for day in range(4) for each in minutes(reports.Subject(), seed=day)]
    for index, each in enumerate(windows):
        each.start.seconds = DAY_START_S + index * MINUTE_S
        for verdict in each.verdicts:
            verdict.start.seconds = each.start.seconds
    assert len(windows) > 5000
    page = render_page(story_of(windows), RECORDS)
    assert len(page) < 2_000_000
    assert "A mark stands for up to" in page


def test_one_empty_window_is_a_page_too(story_of: Told) -> None:
    read = Reader(render_page(story_of([window(reports.Subject(), DAY_START_S, MINUTE_S, {})]), RECORDS))
    assert "Nothing was promised to anybody" in read.text
    assert read.open == []


def test_older_windows_are_mentioned(story_of: Callable[..., Story], day: list[WindowReport]) -> None:
    assert "There are older windows" in render_page(story_of(day, more=True), RECORDS)


def test_shares_and_moments() -> None:
    assert [percent(share) for share in (1.0, 0.9999, 0.5, 0.0)] == ["100.0 %", "> 99.9 %", "50.0 %", "0.0 %"]
    assert rfc3339(DAY_START_S) == "2013-07-01T00:00:00Z"
