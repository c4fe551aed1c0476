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
INTERNAL_MESSAGE = "internal error; the service's log has the trace id"
DETAILS_KEY = "grpc-status-details-bin"
MAX_SHOWN = 120


class StartupError(Exception):
    """Why a process cannot start; the message is one line: what, where, what to do."""


class PortTakenError(StartupError):
    """A port that another process listens on."""

    def __init__(self, setting: str, host: str, port: int) -> None:
        super().__init__(
            f"{setting}: port {port} on {host} is taken or not permitted; stop what uses it or set {setting} to another"
        )


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
        return bytes(status.SerializeToString())


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


_PUBLIC_MESSAGES = {
    grpc.StatusCode.UNAVAILABLE: "a service behind this one cannot be reached; try again",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the deadline passed before the answer was ready",
    grpc.StatusCode.CANCELLED: "the request was cancelled",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "more than a service behind this one takes",
    grpc.StatusCode.UNIMPLEMENTED: "what answers there does not offer this; is it Hallmark, and of this version?",
}


def from_rpc_error(error: grpc.aio.AioRpcError) -> HallmarkError:
    """What a called service said, to be passed on unchanged.

    A status that is not one of ours comes from gRPC itself and may hold addresses, so only its code is passed on.
    """
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            ours = _from_details(error.code(), value)
            if ours is not None:
                return ours
    return HallmarkError(error.code(), error.code().name, _PUBLIC_MESSAGES.get(error.code(), INTERNAL_MESSAGE))


def _from_details(code: grpc.StatusCode, details: bytes) -> HallmarkError | None:
    try:
        status = status_pb2.Status.FromString(details)
    except DecodeError:
        return None
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info) and info.domain == DOMAIN:
            return HallmarkError(code, info.reason, status.message, info.metadata)
    return None


def as_hallmark_error(error: BaseException) -> HallmarkError | None:
    """The error that a caller may see of an exception in a handler; None where it tells only of a fault of ours."""
    if isinstance(error, HallmarkError):
        return error
    if isinstance(error, grpc.aio.AioRpcError):
        return from_rpc_error(error)
    return None
