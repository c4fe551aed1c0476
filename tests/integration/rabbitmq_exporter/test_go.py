"""The tests of the RabbitMQ exporter, which are Go's, with a real broker."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hallmark_cli.stack.programs import program
from tests.support.command import ROOT
from tests.support.parts import Broker, new_site

EXPORTER = ROOT / "otel-collector" / "rabbitmqexporter"
COMPILING_S = 900.0
"""The first time, everything that the collector is made of is compiled."""

pytestmark = pytest.mark.timeout(2 * COMPILING_S)


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """They raise alarms on it."""
    with Broker(new_site(tmp_path_factory.mktemp("exporter"))) as running:
        yield running


def go_test(*arguments: str, **environ: str) -> None:
    """Run them; they must pass."""
    command = ["go", "test", "-count=1", *arguments, "./..."]
    done = subprocess.run(
        command,
        cwd=EXPORTER,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=COMPILING_S,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]


def test_by_itself() -> None:
    go_test()


def test_with_a_real_broker(own_broker: Broker, tmp_path: Path) -> None:
    control = tmp_path / "rabbitmqctl"
    variables = "".join(f"export {name}='{value}'\n" for name, value in own_broker.node.part.environ.items())
    rabbitmqctl = program("rabbitmqctl", "rabbitmq-server", "/usr/lib/rabbitmq/bin")
    control.write_text(f'#!/bin/sh\n{variables}exec {rabbitmqctl} "$@"\n')
    control.chmod(0o755)
    go_test(
        "-tags=integration",
        HALLMARK_TEST_AMQP_URL=own_broker.url("operator"),
        HALLMARK_TEST_RABBITMQCTL=str(control),
    )
