"""A server that listens to a webhook: takes note of what is posted, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_S = 30.0


@dataclass
class Posted:
    """One request."""

    path: str
    content_type: str
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """What it told."""
        return dict(json.loads(self.body))


@dataclass
class HookListener:
    """What was posted, in order, and how to answer."""

    port: int
    posted: list[Posted] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Of the next answers; 200 afterwards, 0 for none at all."""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def told(self) -> list[int]:
        """Numbers of the changes that were posted."""
        return [int(one.event["id"], 16) for one in self.posted]


@contextmanager
def hook_listener(port: int = 0) -> Iterator[HookListener]:
    """A listener on a port; a free one unless told which."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.posted.append(Posted(self.path, self.headers["content-type"], body))
            status = listener.statuses.pop(0) if listener.statuses else 200
            if status == 0:
                listener.over.wait(HANG_S)
                return
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"http://127.0.0.1:{listener.port}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    listener = HookListener(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listener
    finally:
        listener.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
