"""What both sides share of the semantic conventions for RPC (release candidate) and gRPC."""

from collections.abc import Iterator, Mapping

import grpc
from opentelemetry.metrics import Histogram, Meter
from opentelemetry.propagators.textmap import Getter, Setter
from opentelemetry.semconv._incubating.attributes import rpc_attributes as rpc
from opentelemetry.semconv._incubating.metrics import rpc_metrics
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE

OTHER_METHOD = "_OTHER"
"""Stands for every method that this server does not have, so that callers cannot make up metric labels."""

DURATION_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Bucket boundaries that the conventions for RPC and for HTTP advise for durations."""

UNTRACED = ("grpc.health.", "grpc.reflection.")
"""Services that say nothing of predictions and are called every few seconds."""

CODES = {code.value[0]: code for code in grpc.StatusCode}


def start_attributes(method: str, address: str, port: int, *, original: str = "") -> dict[str, str | int]:
    """Attributes of a call that are known when it starts."""
    found: dict[str, str | int] = {rpc.RPC_SYSTEM_NAME: "grpc", rpc.RPC_METHOD: method}
    if original:
        found[rpc.RPC_METHOD_ORIGINAL] = original
    if address:
        found["server.address"] = address
        found["server.port"] = port
    return found


def end_attributes(code: grpc.StatusCode, *, error: bool) -> dict[str, str | int]:
    """Attributes of a call that are known when it has ended."""
    found: dict[str, str | int] = {rpc.RPC_RESPONSE_STATUS_CODE: code.name}
    if error:
        found[ERROR_TYPE] = code.name
    return found


def metric_attributes(attributes: Mapping[str, str | int]) -> dict[str, str | int]:
    """Those attributes of a call that have few values."""
    return {key: value for key, value in attributes.items() if key != rpc.RPC_METHOD_ORIGINAL}


def server_duration(meter: Meter) -> Histogram:
    """``rpc.server.call.duration`` in seconds."""
    return _duration(meter, rpc_metrics.RPC_SERVER_CALL_DURATION, "Duration of inbound calls.")


def client_duration(meter: Meter) -> Histogram:
    """``rpc.client.call.duration`` in seconds."""
    return _duration(meter, rpc_metrics.RPC_CLIENT_CALL_DURATION, "Duration of outbound calls.")


def _duration(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=list(DURATION_BUCKETS_S))


def text_metadata(metadata: object) -> list[tuple[str, str]]:
    """The text entries of gRPC metadata in any of the forms that grpc.aio has for it; binary ones are left out."""
    entries: Iterator[tuple[str, object]] = iter(metadata or ())  # type: ignore[call-overload]  # Metadata or tuples
    return [(key, value) for key, value in entries if isinstance(value, str)]


class MetadataGetter(Getter[Mapping[str, list[str]]]):
    """Reads propagation headers from grouped metadata."""

    def get(self, carrier: Mapping[str, list[str]], key: str) -> list[str] | None:
        """All values of a key."""
        return carrier.get(key.lower())

    def keys(self, carrier: Mapping[str, list[str]]) -> list[str]:
        """All keys."""
        return list(carrier)


class MetadataSetter(Setter[list[tuple[str, str]]]):
    """Writes propagation headers as metadata entries."""

    def set(self, carrier: list[tuple[str, str]], key: str, value: str) -> None:
        """Add one entry."""
        carrier.append((key.lower(), value))


def grouped(entries: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Values by key."""
    found: dict[str, list[str]] = {}
    for key, value in entries:
        found.setdefault(key, []).append(value)
    return found
