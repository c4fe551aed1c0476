"""What a failed call of an inner service means to the caller of web."""

import grpc

from hallmark_common.errors import HallmarkError, from_rpc_error, too_large

_PLAIN = {
    grpc.StatusCode.UNAVAILABLE: "{service} cannot be reached; try again, and see /readyz",
    grpc.StatusCode.DEADLINE_EXCEEDED: "{service} did not answer in time; try again or allow more time",
    grpc.StatusCode.CANCELLED: "the call of {service} was cancelled",
    grpc.StatusCode.UNIMPLEMENTED: "{service} does not offer this",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "{service} has too much to do; try again later",
    grpc.StatusCode.UNKNOWN: "{service} failed",
    grpc.StatusCode.INTERNAL: "{service} failed",
    grpc.StatusCode.DATA_LOSS: "{service} failed",
}


def downstream_error(error: grpc.aio.AioRpcError, service: str) -> HallmarkError:
    """The error to pass on: what a service of ours said as it is, what gRPC itself said in words without internals."""
    known = from_rpc_error(error)
    if known.reason != known.code.name:
        return known
    if known.code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or ""):
        return too_large("input", f"what {service} takes in one message", "more")
    plain = _PLAIN.get(known.code)
    message = known.message if plain is None else plain.format(service=service)
    return HallmarkError(known.code, known.reason, message, known.metadata)
