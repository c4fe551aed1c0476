"""From the properties and the body of an AMQP message to the serialized OTLP request in it. Pure."""

from dataclasses import dataclass

from pika.spec import BasicProperties

from hallmark_common.errors import shown
from hallmark_qoa.sources.otlp.encoding import PROTOBUF, BodyError, TooLargeError, gunzip, unzstd
from hallmark_qoa.sources.otlp.signals import SIGNALS, Signal

_TYPES = {signal.request.DESCRIPTOR.full_name: signal for signal in SIGNALS}
_QUEUES = {"spans": "traces", "metrics": "metrics"}
"""What is in which queues; in another, such as that of the unrouted, anything may be."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came from a queue."""

    queue: str
    properties: BasicProperties
    body: bytes
    redelivered: bool


class PoisonError(Exception):
    """A message that will never be usable: ``reason`` for a counter, and one line for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def is_redelivery(delivery: Delivery) -> bool:
    """Whether it was delivered before; a quorum queue counts that even where the flag is lost with its leader."""
    headers = delivery.properties.headers or {}
    return delivery.redelivered or bool(headers.get("x-delivery-count"))


def read(delivery: Delivery, max_bytes: int) -> tuple[Signal, bytes]:
    """What should be a request in a message, and of which signal; PoisonError where there can be none.

    ``max_bytes`` bounds its size once it is decompressed.
    """
    properties = delivery.properties
    if properties.content_type != PROTOBUF:
        raise PoisonError("content_type", f"content_type must be {PROTOBUF}, not {shown(properties.content_type)}")
    signal = _TYPES.get(properties.type)
    if signal is None or not _belongs(signal, delivery.queue):
        raise PoisonError("type", f"type {shown(properties.type)} is none for queue {delivery.queue}")
    try:
        return signal, _decompressed(delivery, max_bytes)
    except TooLargeError:
        raise PoisonError("too_large", f"a message may have {max_bytes} bytes once it is decompressed") from None
    except BodyError as error:
        raise PoisonError("body", str(error)) from None


def _belongs(signal: Signal, queue: str) -> bool:
    expected = _QUEUES.get(queue.partition(".")[0])
    return expected is None or signal.name == expected


def _decompressed(delivery: Delivery, max_bytes: int) -> bytes:
    encoding = delivery.properties.content_encoding
    if encoding == "gzip":
        return gunzip(delivery.body, max_bytes)
    if encoding == "zstd":
        return unzstd(delivery.body, max_bytes)
    if encoding:
        raise PoisonError("content_encoding", f"content_encoding must be gzip, zstd or none, not {shown(encoding)}")
    if len(delivery.body) > max_bytes:
        raise TooLargeError
    return delivery.body
