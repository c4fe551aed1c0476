"""uvicorn inside the loop of the service: a socket bound beforehand, no signal handlers, a drain on demand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from hallmark_common.errors import PortTakenError
from hallmark_common.settings import Settings, variable

BACKLOG = 2048
LINGER_S = 0.25
"""So long a draining server still takes requests, each the last of its connection: those that were on their way."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the service and says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the service's: it drains everything, not HTTP alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
        self.accepting.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was accepted, then close.

        uvicorn closes idle connections at once, which loses a request that a client has just sent over one.
        """
        self.server_state.default_headers.append((b"connection", b"close"))
        await asyncio.sleep(LINGER_S)
        await super().shutdown(sockets)


def bind_port(settings: Settings, field: str) -> socket.socket:
    """A listening socket on the port that a settings field names; PortTakenError names the setting."""
    port: int = getattr(settings, field)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    # Only past connections in TIME_WAIT are overridden by this on Linux, never another listener.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise PortTakenError(variable(field), settings.host, port) from None
    return bound


@asynccontextmanager
async def http_server(
    app: ASGIApp, bound: socket.socket, draining: asyncio.Event, drain_timeout_s: float
) -> AsyncIterator[None]:
    """Serve until ``draining`` is set or the context is left; then finish what was accepted, within the timeout."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=max(1, round(drain_timeout_s)),
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([bound]))
    stopping = asyncio.create_task(_stop_on(draining, server))
    try:
        await server.accepting.wait()
        yield
    finally:
        server.should_exit = True
        stopping.cancel()
        await asyncio.gather(serving, stopping, return_exceptions=True)


async def _stop_on(draining: asyncio.Event, server: uvicorn.Server) -> None:
    await draining.wait()
    server.should_exit = True
