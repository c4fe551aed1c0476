"""Settings by which the services started here talk to others than each other."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from hallmark_common.settings import Settings, variable

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Where spans go, the first that is set (OpenTelemetry specification, OTLP exporter configuration)."""

CALLED = ("preprocess", "inference", "qoa")
"""The services that others of them call."""


def targets_elsewhere(settings: Settings) -> list[str]:
    """``HALLMARK_X_TARGET=address`` for each service that is not called where it is started."""
    given = {service: str(getattr(settings, f"{service}_target")) for service in CALLED}
    return [
        f"{variable(f'{service}_target')}={target}"
        for service, target in given.items()
        if target and not _is_here(settings, target, getattr(settings, f"{service}_port"))
    ]


def telemetry_elsewhere(settings: Settings, environ: Mapping[str, str]) -> str:
    """The endpoint that gets the spans instead of the engine started here, and its variable; empty for none."""
    name = next((name for name in ENDPOINTS if environ.get(name)), None)
    if name is None or not settings.telemetry or _is_here(settings, environ[name], settings.otlp_grpc_port):
        return ""
    return f"{environ[name]} ({name})"


def _is_here(settings: Settings, address: str, port: int) -> bool:
    """Whether an address, with or without a scheme, is a port of this machine; False for what is no address."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, given = parts.hostname, parts.port
    except ValueError:
        return False
    return given == port and host in {"localhost", "127.0.0.1", "::1", settings.host}
