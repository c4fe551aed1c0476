"""TCP ports of 127.0.0.1: free ones, and ones that somebody else has."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hallmark_common.settings import Settings

SETTINGS = [field for field in Settings.model_fields if field.endswith("_port")]
"""The settings that are ports."""


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different: bound at the same time."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]


def free_port() -> int:
    """A port that nothing listens on."""
    (port,) = free_ports(1)
    return port


def free_port_settings() -> dict[str, int]:
    """A port that nothing listens on for each setting that is one."""
    return dict(zip(SETTINGS, free_ports(len(SETTINGS)), strict=True))


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that is listened on: connections are taken, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]
