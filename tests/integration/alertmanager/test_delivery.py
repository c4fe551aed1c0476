"""From a target that goes down to Slack and a webhook, and back: real Prometheus, real Alertmanager, all rules."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hallmark_cli.stack.part import Site
from hallmark_cli.stack.parts.alertmanager import alertmanager
from hallmark_cli.stack.parts.prometheus import prometheus
from hallmark_common.settings import Settings
from tests.integration.alertmanager.hurry import hurried_project
from tests.integration.alertmanager.receivers import Receivers, exposing, listening
from tests.support.parts import RunningPart
from tests.support.ports import free_port_settings
from tests.support.waiting import until

SERVICES = ("web", "preprocess", "inference", "qoa")
REPORTED = "".join(
    f'hallmark_telemetry_spans_total{{job="hallmark/hallmark-{name}",instance="{name}",outcome="made"}} 1\n'
    for name in SERVICES
)
SOON_S = 30.0


@dataclass
class Watched:
    """Targets that can be taken away, and those who are told."""

    site: Site
    told: Receivers
    up: dict[str, ExitStack]

    def start(self, *targets: str) -> None:
        """Have these answer."""
        for target in targets:
            port = getattr(self.site.settings, f"stack_{target}_port")
            self.up[target] = ExitStack()
            self.up[target].enter_context(
                exposing(port, REPORTED if target == "collector_metrics" else "up_to_now 1\n")
            )

    def stop(self, *targets: str) -> None:
        """Have these answer no more."""
        for target in targets:
            self.up.pop(target).close()

    def ask(self, part: str, path: str) -> Any:
        """What Prometheus or Alertmanager answers."""
        port = getattr(self.site.settings, f"stack_{part}_port")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return json.loads(answer.read())

    def alerts(self) -> list[dict[str, Any]]:
        """What Alertmanager has, inhibited or not."""
        return list(self.ask("alertmanager", "/api/v2/alerts"))

    def targets_up(self) -> int:
        """How many targets Prometheus reaches."""
        result = self.ask("prometheus", "/api/v1/query?query=count(up==1)")["data"]["result"]
        return int(result[0]["value"][1]) if result else 0


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Prometheus and Alertmanager that watch targets which are all there."""
    with ExitStack() as stack:
        told = stack.enter_context(listening())
        project = hurried_project(tmp_path / "project", webhook=told.url("/alerts"))
        site = Site(project, tmp_path / "state", Settings(**free_port_settings()))
        watched = Watched(site, told, {})
        stack.callback(lambda: watched.stop(*list(watched.up)))
        watched.start("collector_metrics", "collector_own_metrics", "rabbitmq_metrics", "tempo")
        secret = site.folder("alertmanager") / "secrets/slack_url"
        secret.parent.mkdir()
        secret.write_text(told.url("/slack"))
        stack.enter_context(RunningPart(alertmanager(site), tmp_path))
        watching = prometheus(site, tempo=True)
        environ = {**watching.environ, "ALERTS_TO": "slack,webhook"}
        stack.enter_context(RunningPart(replace(watching, environ=environ), tmp_path))
        until(lambda: watched.targets_up() == 7, "all targets are reached", timeout_s=SOON_S)
        yield watched


def test_alerts_arrive_grouped_say_what_to_do_and_resolve(watched: Watched) -> None:
    watched.stop("collector_own_metrics", "tempo")

    (webhook,) = until(lambda: _complete(watched, "firing", 2), "the webhook is told", timeout_s=SOON_S)
    assert webhook["groupLabels"] == {"severity": "critical", "component": "monitoring"}
    assert {alert["labels"]["job"] for alert in webhook["alerts"]} == {"collector-self", "tempo"}
    for alert in webhook["alerts"]:
        assert alert["labels"]["alertname"] == "TargetDown"
        assert alert["annotations"]["summary"].startswith(f"{alert['labels']['job']} at 127.0.0.1:")
        assert alert["annotations"]["runbook"] == "docs/runbook.md#targetdown"
    title = "[FIRING critical] Hallmark, monitoring: 2 alerts"
    (slack,) = until(lambda: _slack(watched, title), "Slack is told of both", timeout_s=SOON_S)
    assert slack["color"] == "danger"
    assert "*TargetDown*: tempo at 127.0.0.1:" in slack["text"]
    assert "What to do: docs/runbook.md#targetdown" in slack["text"]

    watched.start("collector_own_metrics", "tempo")

    until(lambda: _complete(watched, "resolved", 2), "the webhook is told that they resolved", timeout_s=SOON_S)
    until(lambda: watched.told.of("/slack")[-1]["attachments"][0]["color"] == "good", "and Slack", timeout_s=SOON_S)


def _complete(watched: Watched, status: str, alerts: int) -> list[Any]:
    """The last notification to the webhook, where it is of that status and of so many alerts."""
    told = watched.told.of("/alerts")[-1:]
    return [one for one in told if one["status"] == status and len(one["alerts"]) == alerts]


def _slack(watched: Watched, title: str) -> list[Any]:
    """The attachment of the last message to Slack, where it has that title."""
    told = watched.told.of("/slack")[-1:]
    return [attachment for message in told for attachment in message["attachments"] if attachment["title"] == title]


@pytest.mark.parametrize(
    ("target", "fault", "follows"),
    [
        ("collector_metrics", "TargetDown", ["ServiceSilent"] * len(SERVICES)),
        ("rabbitmq_metrics", "BrokerDown", ["TargetDown"]),
    ],
)
def test_what_follows_from_a_fault_is_not_told(watched: Watched, target: str, fault: str, follows: list[str]) -> None:
    watched.stop(target)

    def inhibited() -> list[str]:
        return [alert["labels"]["alertname"] for alert in watched.alerts() if alert["status"]["inhibitedBy"]]

    until(lambda: inhibited() == follows, f"{follows} are inhibited", timeout_s=SOON_S)
    until(lambda: watched.told.of("/alerts"), "the webhook is told", timeout_s=SOON_S)
    named = {alert["labels"]["alertname"] for told in watched.told.of("/alerts") for alert in told["alerts"]}
    assert named == {fault}
