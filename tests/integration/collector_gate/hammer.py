"""Clients that send spans to a collector without a pause, from the moment that a port of it is open."""

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.integration.collector_gate.clients import TIMEOUT_S, Connect, Send

KNOCK_S = 0.001
"""Between two looks whether a port is open: what is tested are the first milliseconds."""
FILLING = "x" * 8192
"""So that what waits on disk takes a moment to be opened."""


class Hammer:
    """Clients of one protocol, and what was acknowledged to them."""

    numbers = itertools.count(1)
    """Of spans; no two are alike, of whatever hammers."""

    def __init__(self, connect: Connect, port: int, *, clients: int) -> None:
        self._connect = connect
        self._port = port
        self._acknowledged: set[int] = set()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(clients)]

    @property
    def acknowledged(self) -> frozenset[int]:
        """The numbers of the spans that were acknowledged."""
        return frozenset(self._acknowledged.copy())

    @contextmanager
    def at_work(self) -> Iterator[Self]:
        """For as long as the block takes; what is under way at its end is waited for."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join(2 * TIMEOUT_S)
                assert not thread.is_alive()

    def _work(self) -> None:
        while not self._stopping.wait(KNOCK_S):
            if self._is_open():
                with self._connect(self._port) as send:
                    self._send_on(send)

    def _is_open(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self._port)) == 0

    def _send_on(self, send: Send) -> None:
        """Send span after span until the connection fails."""
        while not self._stopping.is_set():
            number = next(self.numbers)
            try:
                taken = send(request(number))
            except ConnectionError:
                return
            if taken:
                self._acknowledged.add(number)


def request(number: int) -> ExportTraceServiceRequest:
    """One span with this number, in a trace of its own."""
    made = ExportTraceServiceRequest()
    span = (
        made.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            name="hammered",
            start_time_unix_nano=1,
            end_time_unix_nano=2,
        )
    )
    span.attributes.add(key="filling").value.string_value = FILLING
    return made


def numbers(body: bytes) -> set[int]:
    """The numbers of the spans in a serialized request."""
    return {
        int.from_bytes(span.span_id, "big")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
