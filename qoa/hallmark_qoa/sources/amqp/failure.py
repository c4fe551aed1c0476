"""What pika's exceptions mean for the person who must do something about them. Pure."""

import re
import socket
import ssl
from dataclasses import dataclass

from pika.exceptions import (
    AMQPHeartbeatTimeout,
    ChannelClosed,
    ConnectionClosed,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from hallmark_common.settings import variable
from hallmark_qoa.sources.amqp.settings import PASSWORD_FILE, URL

ACCESS_REFUSED = 403
NOT_ALLOWED = 530

_CODE_AND_TEXT = re.compile(r"""ConnectionClosedByBroker: \((\d+)\) ['"](.*)['"]""")
_REFUSALS = {ACCESS_REFUSED, NOT_ALLOWED}


@dataclass(frozen=True, slots=True)
class End:
    """Why a connection or channel is over or never was."""

    text: str
    """One line."""
    refused: bool = False
    """RabbitMQ is there and does not want this; trying again helps only when somebody has changed something."""


class EndedError(Exception):
    """What was to be used is over."""

    def __init__(self, end: End) -> None:
        super().__init__(end.text)
        self.end = end


def end_of(error: BaseException) -> End:
    """Why a connection could not be opened or ended, or why a channel did."""
    inner = _inner(error)
    if inner is not None:
        return end_of(inner)
    if isinstance(error, ssl.SSLError):
        hint = f"{variable('amqp_ca_file')}, {variable('amqp_cert_file')} and {URL}"
        return End(f"TLS failed: {_line(error)}; check {hint}", refused=True)
    if isinstance(error, socket.gaierror):
        return End(f"its name is not known ({error.strerror}); check {URL}")
    if isinstance(error, OSError):
        return End(f"it cannot be reached: {error.strerror or type(error).__name__}")
    if isinstance(error, StreamLostError):
        return End("the connection was lost")
    if isinstance(error, AMQPHeartbeatTimeout):
        return End("nothing was heard of it, not even a heartbeat")
    return _said_by_broker(error) or End(_line(error))


def _said_by_broker(error: BaseException) -> End | None:
    found = _CODE_AND_TEXT.search(str(error))
    if isinstance(error, ConnectionClosed | ChannelClosed):
        code, text = error.reply_code, error.reply_text
    elif found:  # pika keeps only the repr of what the broker said while a connection was being opened
        code, text = int(found[1]), found[2]
    else:
        return None
    if isinstance(error, ProbableAuthenticationError):
        return End(f"it refused the user or the password; check {URL} and {PASSWORD_FILE}", refused=True)
    if isinstance(error, ProbableAccessDeniedError):
        return End(f"it refused the vhost ({text}); check {URL}", refused=True)
    hint = f"; the user of {URL} lacks a permission" if code == ACCESS_REFUSED else ""
    return End(f"it said {code} {text}{hint}", refused=code in _REFUSALS)


def _inner(error: BaseException) -> BaseException | None:
    """What one of pika's layers wraps: the last of several attempts, or what went wrong below it."""
    for inner in (*getattr(error, "exceptions", ())[-1:], getattr(error, "exception", None), *error.args):
        if isinstance(inner, BaseException):
            return inner
    return None


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
