"""Real parts of a stack, each as a process of its own on free ports, for tests that need one or break one."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.parts.rabbitmq import epmd, rabbitmq
from hallmark_cli.stack.programs import program
from hallmark_cli.stack.secrets import Secrets
from hallmark_common.settings import Settings
from tests.support.command import ROOT
from tests.support.ports import free_port_settings
from tests.support.waiting import until

START_S = 60.0
_STARTER = ThreadPoolExecutor(1, "starts parts")


def new_site(folder: Path, **settings: Any) -> Site:
    """A site with free ports and its state in a folder."""
    return Site(ROOT, folder, Settings(**{**free_port_settings(), "state_dir": folder / "hallmark", **settings}))


def start_tied(command: Sequence[str | Path], account: str = "", **options: Any) -> subprocess.Popen[bytes]:
    """Start a command that ends with this process, however that ends; options as of subprocess.Popen.

    Linux ends it with the thread that started it, so that is one which lasts: that of a test may not.
    """
    launch = [sys.executable, "-m", "hallmark_cli.stack.launch", str(os.getpid()), account]
    return _STARTER.submit(subprocess.Popen, [*launch, *command], **options).result()


class RunningPart:
    """A part that can be started, ended and killed, again and again; what it says is in a file."""

    def __init__(self, part: Part, folder: Path) -> None:
        self.part = part
        self.log = folder / f"{part.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.spawn()
        self.until_ready()

    def spawn(self) -> None:
        """Start it."""
        account = self.part.account if os.geteuid() == 0 else ""
        with self.log.open("ab") as log:
            self.process = start_tied(
                self.part.command,
                account,
                env={**os.environ, **self.part.environ},
                cwd=self.part.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def until_ready(self) -> None:
        """Wait until it answers."""
        until(self._ready, f"{self.part.name} is ready; it said: {self.log}", timeout_s=START_S)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.part.name} ended: {self.log.read_text()[-2000:]}"
        return answers(self.part.ready)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as a fault."""
        assert self.process is not None
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _end(self, signum: int) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(signum)
        code = self.process.wait(START_S)
        self.process = None
        return code

    def end(self) -> None:
        """Leave nothing of it running."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def answers(probe: Probe) -> bool:
    """Whether a part answers at its probe."""
    if not probe.path:
        with socket.socket() as client:
            return client.connect_ex((probe.host, probe.port)) == 0
    try:
        with urllib.request.urlopen(f"http://{probe.host}:{probe.port}{probe.path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


class Broker:
    """RabbitMQ with the project's topology and users."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.node = RunningPart(rabbitmq(site), site.folder("rabbitmq"))
        self._epmd = RunningPart(epmd(site), site.folder("rabbitmq"))

    @property
    def port(self) -> int:
        """Its AMQP port."""
        return self.site.settings.stack_rabbitmq_port

    def password_file(self, user: str) -> Path:
        """Where the password of one of its users is."""
        return Secrets(self.site.state / "secrets").file(f"rabbitmq-{user}")

    def url(self, user: str, *, port: int | None = None) -> str:
        """Its address with a user's password, through another port where there is a proxy."""
        password = self.password_file(user).read_text()
        return f"amqp://{user}:{password}@127.0.0.1:{port or self.port}/hallmark"

    def settings_of_engine(self, *, port: int | None = None) -> dict[str, str]:
        """What an engine is told to read from it."""
        return {
            "qoa_sources": "amqp",
            "amqp_url": f"amqp://qoa@127.0.0.1:{port or self.port}/hallmark",
            "amqp_password_file": str(self.password_file("qoa")),
        }

    def api(self, path: str, method: str = "GET", body: object = None) -> Any:
        """Call its management API, such as ``/queues/hallmark/spans.00``."""
        token = base64.b64encode(f"operator:{self.password_file('operator').read_text()}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.site.settings.stack_rabbitmq_management_port}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Basic {token}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def metrics(self, path: str = "/metrics") -> str:
        """What it tells Prometheus."""
        url = f"http://127.0.0.1:{self.site.settings.stack_rabbitmq_metrics_port}{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())

    def messages(self) -> dict[str, int]:
        """Messages by queue, ready and unacknowledged; quorum queues tell every five seconds."""
        text = self.metrics("/metrics/detailed?family=queue_coarse_metrics&vhost=hallmark")
        lines = (line for line in text.splitlines() if line.startswith("rabbitmq_detailed_queue_messages{"))
        return {line.partition('queue="')[2].partition('"')[0]: int(float(line.rpartition(" ")[2])) for line in lines}

    def set_disk_limit(self, free: str) -> None:
        """Tell it to block publishers below so much free disk, such as ``1GB``."""
        command = [program("rabbitmqctl", "rabbitmq-server", "/usr/lib/rabbitmq/bin"), "set_disk_free_limit", free]
        environ = {**os.environ, **self.node.part.environ}
        subprocess.run(command, env=environ, check=True, capture_output=True, timeout=START_S)

    def limit_queues(self, size_bytes: int) -> None:
        """Let each queue of spans hold so much at most."""
        (policy,) = (one for one in self.api("/policies/hallmark") if one["name"] == "spans")
        policy["definition"]["max-length-bytes"] = size_bytes
        self.api("/policies/hallmark/spans", "PUT", policy)

    def purge(self) -> None:
        """Empty every queue of what is ready in it."""
        for queue in self.api("/queues/hallmark"):
            self.api(f"/queues/hallmark/{queue['name']}/contents", "DELETE")

    def start(self) -> None:
        """Start it, again where it was."""
        self._epmd.start()
        try:
            self.node.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it in order."""
        self.node.stop()
        self._epmd.end()

    def kill(self) -> None:
        """SIGKILL, as a fault."""
        self.node.kill()
        self._epmd.end()

    def end(self) -> None:
        """Leave nothing of it running."""
        self.node.end()
        self._epmd.end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
