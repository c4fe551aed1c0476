"""The webhook against a real server: in order, once each, again where that helps, its secrets in no log."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hallmark_common.errors import StartupError
from hallmark_common.settings import Settings
from hallmark_qoa.events.base import GivenUpError, UntoldError
from hallmark_qoa.events.cloudevent import cloud_event
from hallmark_qoa.events.sinks import event_sinks
from hallmark_qoa.events.teller import Teller
from hallmark_qoa.events.webhook import Webhook
from hallmark_qoa.sources.amqp.pace import Pace
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.changes import change, put_changes
from tests.support.listener import HookListener, hook_listener
from tests.support.ports import taken_port
from tests.support.records import NOW_NS
from tests.support.waiting import eventually

QUICK = Pace(first_s=0.01, longest_s=0.02)


@pytest.fixture
def listener() -> Iterator[HookListener]:
    with hook_listener() as running:
        yield running


@pytest.fixture
async def hook(listener: HookListener) -> AsyncIterator[Webhook]:
    webhook = Webhook(f"{listener.url}/hooks/secret?token=s3cret", timeout_s=2.0)
    yield webhook
    await webhook.close()


async def test_it_posts_a_cloud_event(listener: HookListener, hook: Webhook) -> None:
    await hook.tell(change(1))

    (posted,) = listener.posted
    assert posted.path == "/hooks/secret?token=s3cret"
    assert posted.content_type == "application/cloudevents+json; charset=utf-8"
    assert posted.body == cloud_event(change(1))


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_may_pass_is_to_be_tried_again(listener: HookListener, hook: Webhook, status: int) -> None:
    listener.statuses = [status]
    with pytest.raises(UntoldError, match=f"^it answered {status}$"):
        await hook.tell(change(1))
    await hook.tell(change(1))


@pytest.mark.parametrize("status", [302, 400, 404, 410])
async def test_what_does_not_pass_is_given_up(listener: HookListener, hook: Webhook, status: int) -> None:
    listener.statuses = [status]
    with pytest.raises(GivenUpError, match=f"^it answered {status}; correct HALLMARK_QOA_WEBHOOK_URL or"):
        await hook.tell(change(1))
    assert len(listener.posted) == 1


async def test_a_server_that_does_not_answer_is_waited_for_a_while() -> None:
    with taken_port() as port:
        webhook = Webhook(f"http://127.0.0.1:{port}", timeout_s=0.1)
        with pytest.raises(UntoldError, match=r"^no answer within 0\.1 s$"):
            await webhook.tell(change(1))
        await webhook.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://no-such-host.invalid"])
async def test_a_server_that_is_not_there_is_tried_again(url: str) -> None:
    webhook = Webhook(url, timeout_s=30.0)
    with pytest.raises(UntoldError, match=r"^it cannot be reached: "):
        await webhook.tell(change(1))
    await webhook.close()


async def test_a_server_that_speaks_something_else(listener: HookListener) -> None:
    webhook = Webhook(listener.url.replace("http:", "https:"), timeout_s=1.0)
    with pytest.raises(UntoldError, match=r"^it cannot be reached: "):
        await webhook.tell(change(1))
    await webhook.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/",
        "host:80/path",
        "http://",
        "http://user:s3cret@host/",
        "http://host:0/",
        "http://host:99999/",
        "http://host/#part",
        "http://host/a b",
        "http://host/\r\nx: y",
        "http://[::1/",
        "http://größe/",
    ],
)
def test_an_unusable_url_is_one_line_that_does_not_show_it(url: str) -> None:
    with pytest.raises(StartupError) as caught:
        Webhook(url)
    line = str(caught.value)
    assert line == "HALLMARK_QOA_WEBHOOK_URL: not a usable URL; expected http://host:port/path, or https://"


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, []),
        ({"qoa_webhook_url": "http://h/"}, ["webhook"]),
        ({"qoa_sources": "amqp"}, ["amqp"]),
        ({"qoa_sources": "otlp,amqp", "qoa_webhook_url": "http://h/"}, ["amqp", "webhook"]),
    ],
)
async def test_which_sinks_there_are(chosen: dict[str, str], names: list[str]) -> None:
    sinks = event_sinks(Settings(**chosen))  # type: ignore[arg-type]
    assert [sink.name for sink in sinks] == names
    for sink in sinks:
        await sink.close()


async def test_exactly_the_changes_in_order_though_the_server_fails_hangs_and_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await SqliteStore.open(tmp_path / "store", lambda: NOW_NS)
    await put_changes(store, *map(change, range(1, 6)), change(6, silenced=True))
    with hook_listener() as first:
        first.statuses = [200, 500, 0, 404, 429, 200]
        webhook = Webhook(f"{first.url}/secret?token=s3cret", timeout_s=2.0)
        teller = Teller(store, [webhook], pace=QUICK, look_s=0.02)
        teller.start()
        # The second change is tried three times, of which the last is refused for good.
        await eventually(lambda: first.told() == [1, 2, 2, 2, 3, 3, 4, 5])
    await put_changes(store, change(7))
    await eventually(lambda: teller.counters.events["failed", "webhook"] > 5)
    with hook_listener(first.port) as second:
        await eventually(lambda: second.told() == [7])
        await asyncio.wait_for(teller.stop(5.0), 10)
        assert await store.untold(9) == []
    await store.close()

    assert teller.counters.events["told", "webhook"] == 5
    assert teller.counters.events["given_up", "webhook"] == 1
    assert "s3cret" not in caplog.text
    assert "secret" not in caplog.text
