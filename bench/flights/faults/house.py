"""House: the four services as processes of their own, whose telemetry passes proxies that can be shut."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

from bench.flights.faults.plan import BAD_VERSION
from hallmark_cli.stack.part import Part, Probe
from hallmark_common.settings import Settings, load_settings
from tests.support.command import ROOT, environment
from tests.support.parts import RunningPart
from tests.support.ports import free_port_settings
from tests.support.proxy import TcpProxy

PORTS = {"qoa": "qoa_port", "inference": "inference_port", "preprocess": "preprocess_port", "web": "web_grpc_port"}
"""In the order in which they are started."""

FROZEN_S, RUNNING_S = 0.15, 0.025
"""Of each turn of a slowed service: it gets a seventh of the time, as beside neighbours that take the rest."""

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class House:
    """Everything on free ports, with its state in one folder; judges by the contracts in ``folder/contracts``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("contracts", "log"):
            (folder / name).mkdir(exist_ok=True)
        _copy_models(folder / "models")
        self._environ = environment(**_settings(folder))
        self.settings: Settings = load_settings(self._environ)
        self.telemetry = {name: TcpProxy(self.settings.otlp_grpc_port) for name in ("preprocess", "inference")}
        """Between these services and the engine."""
        self._parts: dict[str, RunningPart] = {}

    @property
    def contracts(self) -> Path:
        """Folder of the contracts."""
        return self._folder / "contracts"

    @contextmanager
    def running(self) -> Iterator["House"]:
        """Started and ready; at the end nothing of it is left."""
        with ExitStack() as stack:
            for proxy in self.telemetry.values():
                stack.enter_context(proxy)
            for name, port in PORTS.items():
                self._parts[name] = RunningPart(self._part(name, port), self._folder / "log")
                stack.callback(self._parts[name].end)
                self._parts[name].spawn()
            for part in self._parts.values():
                part.until_ready()
            yield self

    @contextmanager
    def slowed(self, service: str) -> Iterator[None]:
        """A service whose process is frozen most of the time."""
        over = Event()
        freezer = Thread(target=self._freeze, args=(self._parts[service], over))
        freezer.start()
        try:
            yield
        finally:
            over.set()
            freezer.join()

    @contextmanager
    def silenced(self, service: str) -> Iterator[None]:
        """A service whose spans do not reach the engine."""
        self.telemetry[service].refuse()
        try:
            yield
        finally:
            self.telemetry[service].accept()

    @staticmethod
    def _freeze(part: RunningPart, over: Event) -> None:
        while not over.is_set():
            part.pause()
            time.sleep(FROZEN_S)
            part.resume()
            time.sleep(RUNNING_S)

    def _part(self, name: str, port: str) -> Part:
        environ = dict(self._environ)
        if name in self.telemetry:
            environ[ENDPOINT] = f"http://127.0.0.1:{self.telemetry[name].port}"
        command = (sys.executable, "-m", f"hallmark_{name}")
        return Part(f"hallmark-{name}", command, Probe(getattr(self.settings, port)), environ)


def _settings(folder: Path) -> dict[str, str]:
    return {
        **{name: str(port) for name, port in free_port_settings().items()},
        "state_dir": str(folder),
        "models_dir": str(folder / "models"),
        "contracts_dir": str(folder / "contracts"),
        "policies_dir": str(ROOT / "policies"),
        "qoa_windows": "10s",
        "qoa_lateness_s": "1",
        "qoa_idle_timeout_s": "1",
        "qoa_quiet_s": "3",
        "log_level": "ERROR",
    }


def _copy_models(folder: Path) -> None:
    """``flights``, with the graph of ``flights-bad`` as its second version."""
    shutil.copytree(ROOT / "models" / "flights", folder / "flights")
    shutil.copytree(ROOT / "models" / "flights-bad" / "1", folder / "flights" / BAD_VERSION)
