"""What a command says when it fails: one line on stderr and an exit code."""

import grpc

from hallmark_common.attributes import PREDICTION_ID_KEY
from hallmark_common.errors import HallmarkError, from_rpc_error
from hallmark_common.settings import Settings, variable


class CliError(Exception):
    """A failure that the user can do something about; the message is one line: what, where, what to do."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def from_call(error: grpc.aio.AioRpcError, settings: Settings, service: str) -> CliError:
    """What a failed call to ``web`` or ``qoa`` means to the one who made it."""
    known = from_rpc_error(error)
    if _never_arrived(error):
        return unreachable(settings, service)
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return CliError(f"{known.code.name}: {service} at {settings.target(service)} did not answer in time")
    return CliError(described(known) + _whose(error))


def unreachable(settings: Settings, service: str) -> CliError:
    """Nobody listens where a service should be."""
    target, setting = settings.target(service), variable(f"{service}_target")
    return CliError(f"cannot reach {service} at {target}; start it with `make run` or set {setting}")


def described(error: HallmarkError) -> str:
    """An error as one line: code, message, and the details that the message does not already hold."""
    given = {name: error.metadata.get(name, "") for name in ("field", "expected", "got")}
    details = [f"{name}: {value}" for name, value in given.items() if not _holds(error.message, value)]
    return " ".join(f"{error.code.name}: {error.message}{''.join(f'; {detail}' for detail in details)}".split())


def _holds(message: str, detail: str) -> bool:
    """Whether a message says a detail already, a list of choices in words of its own included."""
    return detail.removeprefix("one of: ") in message


def _whose(error: grpc.aio.AioRpcError) -> str:
    """The id of the failed prediction, which has a record too."""
    for key, value in error.trailing_metadata() or ():
        if key == PREDICTION_ID_KEY and isinstance(value, str):
            return f" (prediction {value})"
    return ""


def _never_arrived(error: grpc.aio.AioRpcError) -> bool:
    """Whether the call failed before any service saw it: UNAVAILABLE without the details that ours always add."""
    return error.code() is grpc.StatusCode.UNAVAILABLE and not error.trailing_metadata()
