"""TCP ports of 127.0.0.1: free ones, and ones that somebody else has."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice

from hallmark_common.settings import Settings

SETTINGS = [field for field in Settings.model_fields if field.endswith("_port")]
"""The settings that are ports."""

_RANGE = range(20_000, 32_000)
"""Below what Linux gives to whoever connects or binds port 0: nobody gets one between the moment in which it is found
free and the one in which its server listens, nor while a server that a test has stopped is away."""


def _in_turn() -> Iterator[int]:
    """One after the other, so that none comes twice in a test; each process of tests begins somewhere else."""
    start = os.getpid() * 37 % len(_RANGE)
    return cycle([*_RANGE[start:], *_RANGE[:start]])


_NEXT = _in_turn()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    return list(islice(filter(_is_free, _NEXT), count))


def _is_free(port: int) -> bool:
    with socket.socket() as found:
        try:
            found.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
