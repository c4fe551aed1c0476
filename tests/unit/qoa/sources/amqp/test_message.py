"""Decompression that is bounded, and what tells a message that came before."""

import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties

from hallmark_qoa.sources.amqp.dead import marked
from hallmark_qoa.sources.amqp.message import Delivery, PoisonError, is_redelivery, read
from hallmark_qoa.sources.otlp.encoding import BodyError, TooLargeError, unzstd
from hallmark_qoa.sources.otlp.signals import TRACES
from tests.support.amqp import batch, properties


@given(st.lists(st.binary(max_size=3000), max_size=4), st.integers(1, 19))
def test_zstd_frames_come_out_as_they_went_in(parts: list[bytes], level: int) -> None:
    body = b"".join(zstandard.ZstdCompressor(level=level).compress(part) for part in parts)
    assert unzstd(body, 12_000) == b"".join(parts)


def test_zstd_of_a_stream_that_does_not_tell_its_size() -> None:
    content = random.Random(1).randbytes(200_000)
    stream = zstandard.ZstdCompressor().compressobj()
    assert unzstd(stream.compress(content) + stream.flush(), 200_000) == content


@pytest.mark.parametrize("cut", [1, 4, 9, 500])
def test_zstd_that_ends_too_early(cut: int) -> None:
    body = zstandard.compress(random.Random(1).randbytes(2000))
    with pytest.raises(BodyError, match="not a zstd body: it ends too early"):
        unzstd(body[:-cut], 10_000)


@pytest.mark.parametrize("body", [b"nonsense", b"\x28\xb5\x2f\xfd" + b"\xff" * 20, zstandard.compress(b"x") + b"tail"])
def test_what_is_no_zstd(body: bytes) -> None:
    with pytest.raises(BodyError, match="not a zstd body: "):
        unzstd(body, 10_000)


def test_zstd_that_wants_a_huge_window() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(BodyError, match="too much memory"):
        unzstd(stream.compress(b"x" * 1000) + stream.flush(), 10_000)


@pytest.mark.parametrize("size", [0, 1, 4096])
def test_zstd_bound_is_exact(size: int) -> None:
    body = zstandard.compress(bytes(size))
    assert unzstd(body, size) == bytes(size)
    if size:
        with pytest.raises(TooLargeError):
            unzstd(body, size - 1)


def delivery(**chosen: object) -> Delivery:
    usual = {"queue": "spans.00", "properties": properties(), "body": b"", "redelivered": False}
    return Delivery(**{**usual, **chosen})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("redelivered", "headers", "expected"),
    [
        (False, None, False),
        (False, {"x-delivery-count": 0}, False),
        (False, {"x-delivery-count": 1}, True),
        (True, None, True),
    ],
)
def test_redelivery(redelivered: bool, headers: dict[str, object] | None, expected: bool) -> None:
    assert is_redelivery(delivery(redelivered=redelivered, properties=BasicProperties(headers=headers))) is expected


@pytest.mark.parametrize(
    ("queue", "kind", "fits"),
    [
        ("spans.15", "trace.v1.ExportTraceServiceRequest", True),
        ("spans.15", "metrics.v1.ExportMetricsServiceRequest", False),
        ("metrics", "metrics.v1.ExportMetricsServiceRequest", True),
        ("metrics", "trace.v1.ExportTraceServiceRequest", False),
        ("unrouted", "trace.v1.ExportTraceServiceRequest", True),
        ("unrouted", "metrics.v1.ExportMetricsServiceRequest", True),
        ("unrouted", "logs.v1.ExportLogsServiceRequest", True),
        ("unrouted", "profiles.v1.ExportProfilesServiceRequest", False),
    ],
)
def test_what_may_be_in_which_queue(queue: str, kind: str, fits: bool) -> None:
    message = delivery(queue=queue, properties=properties(type=f"opentelemetry.proto.collector.{kind}"))
    if fits:
        assert read(message, 100)[0].request.DESCRIPTOR.full_name.endswith(kind)
    else:
        with pytest.raises(PoisonError, match="is none for queue"):
            read(message, 100)


def test_uncompressed_body_is_bounded_too() -> None:
    body = batch("a").SerializeToString()
    assert read(delivery(body=body), len(body)) == (TRACES, body)
    with pytest.raises(PoisonError, match="a message may have"):
        read(delivery(body=body), len(body) - 1)


def test_headers_that_pika_reads_and_cannot_write_are_left_out() -> None:
    poison = PoisonError("body", "no")
    unwritable = delivery(properties=BasicProperties(headers={"key": object()}, message_id="7"))
    sent = marked(unwritable, poison)
    assert sent.headers == {"hallmark-reason": "no", "hallmark-queue": "spans.00"}
    assert sent.message_id == "7"
