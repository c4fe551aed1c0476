"""Who is told of alerts: an HTTP server that takes down what is posted to it, as Slack or as a webhook."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receivers:
    """What came, by path, in order."""

    port: int
    posted: dict[str, list[Any]] = field(default_factory=dict)

    def url(self, path: str) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path: str) -> list[Any]:
        """What was posted there."""
        return self.posted.get(path, [])


@contextmanager
def listening() -> Iterator[Receivers]:
    """Receivers on a free port."""
    receivers = Receivers(0)

    def take(request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        receivers.posted.setdefault(request.path, []).append(body)
        _answer(request, b"ok")

    with serving(0, {"do_POST": take}) as port:
        receivers.port = port
        yield receivers


@contextmanager
def exposing(port: int, metrics: str) -> Iterator[None]:
    """A target of Prometheus with these metrics."""
    with serving(port, {"do_GET": lambda request: _answer(request, metrics.encode())}):
        yield


@contextmanager
def serving(port: int, handlers: dict[str, Callable[[BaseHTTPRequestHandler], None]]) -> Iterator[int]:
    """An HTTP server that is there as long as the block; its port."""
    silent = {"log_message": lambda *_: None}
    server = ThreadingHTTPServer(
        ("127.0.0.1", port), type("Handler", (BaseHTTPRequestHandler,), {**handlers, **silent})
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(request: BaseHTTPRequestHandler, body: bytes) -> None:
    request.send_response(200)
    request.send_header("content-type", "text/plain")
    request.send_header("content-length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
