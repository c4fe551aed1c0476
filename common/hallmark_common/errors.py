"""Errors that cross services: one gRPC status with a machine-readable reason.

A :class:`HallmarkError` knows its status code, a stable reason and the details a program may read; on the wire it is
a ``google.rpc.Status`` with one ``google.rpc.ErrorInfo`` of domain ``hallmark`` (AIP-193), in the metadata key
``grpc-status-details-bin``.
"""

from collections.abc import Iterable, Mapping

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "hallmark"
DETAILS_KEY = "grpc-status-details-bin"
MAX_SHOWN = 120


class HallmarkError(Exception):
    """A failure that the caller may see: ``message`` is one line for people and holds no internals."""

    def __init__(
        self, code: grpc.StatusCode, reason: str, message: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})

    def details(self) -> bytes:
        """The serialized ``google.rpc.Status``."""
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        status.details.add().Pack(
            error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        )
        return status.SerializeToString()


def shown(value: object) -> str:
    """A value for an error message: quoted, one line, cut at MAX_SHOWN characters."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def invalid(field: str, expected: str, got: str, *, reason: str = "INVALID_INPUT") -> HallmarkError:
    """INVALID_ARGUMENT that says which field, what was expected and what came."""
    return HallmarkError(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason,
        f"{field}: expected {expected}, got {got}",
        {"field": field, "expected": expected, "got": got},
    )


def too_large(field: str, limit: str, got: str) -> HallmarkError:
    """RESOURCE_EXHAUSTED: more than is taken at once."""
    return HallmarkError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_LARGE",
        f"{field}: at most {limit}, got {got}",
        {"field": field, "expected": f"at most {limit}", "got": got},
    )


def not_found(field: str, name: str, known: Iterable[str]) -> HallmarkError:
    """NOT_FOUND that lists what there is."""
    names = ", ".join(sorted(known)) or "none"
    return HallmarkError(
        grpc.StatusCode.NOT_FOUND,
        f"{field.upper()}_NOT_FOUND",
        f"{field}: {shown(name)} not found; there is: {names}",
        {"field": field, "expected": f"one of: {names}", "got": shown(name)},
    )


def from_rpc_error(error: grpc.aio.AioRpcError) -> HallmarkError:
    """What a called service said, to be passed on unchanged; reasons of other domains are not passed on."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                break
            for detail in status.details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info) and info.domain == DOMAIN:
                    return HallmarkError(error.code(), info.reason, status.message, info.metadata)
    return HallmarkError(error.code(), error.code().name, error.details() or error.code().name)
