"""Are the ports free? Asked before anything starts, so that the answer is one line about settings."""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from hallmark_cli.errors import CliError
from hallmark_common.settings import Settings, variable

FIELDS = (
    "web_http_port",
    "web_grpc_port",
    "preprocess_port",
    "inference_port",
    "qoa_port",
    "otlp_grpc_port",
    "otlp_http_port",
)
"""The settings of every port that `hallmark up` opens."""


@dataclass(frozen=True, slots=True)
class PortSetting:
    """A port that will be opened, and the variable that says which."""

    variable: str
    host: str
    port: int


def ports_of_services(settings: Settings) -> list[PortSetting]:
    """What `hallmark up` opens."""
    return [PortSetting(variable(field), settings.host, getattr(settings, field)) for field in FIELDS]


def check_ports(ports: Iterable[PortSetting]) -> None:
    """Raise :class:`CliError` for all ports that are taken, or the first that cannot be opened or is given twice."""
    owners: dict[int, str] = {}
    taken: list[PortSetting] = []
    for port in ports:
        if port.port in owners:
            also = f"{port.variable}: port {port.port} is {owners[port.port]} too"
            raise CliError(f"{also}; set one to another port")
        owners[port.port] = port.variable
        if not _is_free(port):
            taken.append(port)
    if taken:
        raise CliError(_all_taken(taken))


def _is_free(port: PortSetting) -> bool:
    """Bind as a server would and let go again; :class:`CliError` where it fails for another reason than being taken."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(port.host, port.port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise CliError(_not_here(port.host)) from None
    with socket.socket(family, kind, protocol) as probe:
        # What a server that has just stopped leaves in TIME_WAIT does not keep the next one from starting.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise CliError(_refused(port, error)) from None
    return True


def _all_taken(ports: list[PortSetting]) -> str:
    if len(ports) == 1:
        (port,) = ports
        return (
            f"{port.variable}: port {port.port} on {port.host} is taken; "
            f"stop what uses it or set {port.variable} to another port"
        )
    listed = ", ".join(f"{port.port} ({port.variable})" for port in ports)
    return f"ports are taken: {listed}; stop what uses them or set these to other ports"


def _refused(port: PortSetting, error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return _not_here(port.host)
    return (
        f"{port.variable}: port {port.port} on {port.host} cannot be opened ({error.strerror}); "
        f"set {port.variable} to another port"
    )


def _not_here(host: str) -> str:
    return f"{variable('host')}: {host!r} is no address of this machine; set it to 127.0.0.1"
