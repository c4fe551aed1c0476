"""Are the ports free? Asked before anything starts, so that the answer is one line about one setting."""

import errno
import socket

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


def check_ports(settings: Settings) -> None:
    """Raise :class:`CliError` for the first port that cannot be opened or is given twice."""
    owners: dict[int, str] = {}
    for field in FIELDS:
        port = int(getattr(settings, field))
        if port in owners:
            raise CliError(f"{variable(field)}: port {port} is {variable(owners[port])} too; set one to another port")
        owners[port] = field
        _check_free(settings.host, port, variable(field))


def _check_free(host: str, port: int, setting: str) -> None:
    """Bind as a server would and let go again."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise CliError(f"{variable('host')}: {host!r} is no address of this machine; set it to 127.0.0.1") from None
    with socket.socket(family, kind, protocol) as probe:
        # What a server that has just stopped leaves in TIME_WAIT does not keep the next one from starting.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CliError(_refused(host, port, setting, error)) from None


def _refused(host: str, port: int, setting: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{setting}: port {port} on {host} is taken; stop what uses it or set {setting} to another port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{variable('host')}: {host!r} is no address of this machine; set it to 127.0.0.1"
    return f"{setting}: port {port} on {host} cannot be opened ({error.strerror}); set {setting} to another port"
