"""From the settings to where RabbitMQ is and how it is spoken to."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pika import ConnectionParameters, PlainCredentials, SSLOptions

from hallmark_common.errors import StartupError
from hallmark_common.settings import Settings, variable

URL = variable("amqp_url")
PASSWORD_FILE = variable("amqp_password_file")

_PORTS = {"amqp": 5672, "amqps": 5671}
_SHAPE = "amqp://user@host:port/vhost, or amqps:// for TLS"

Found = TypeVar("Found")


def connection_parameters(settings: Settings, name: str) -> ConnectionParameters:
    """What pika needs; ``name`` is what RabbitMQ calls the connection. StartupError names the setting."""
    url = _url(settings.amqp_url)
    heartbeat_s = _heartbeat_s(url)
    return ConnectionParameters(
        host=url.hostname,
        port=url.port or _PORTS[url.scheme],
        virtual_host=unquote(url.path.removeprefix("/")) or "/",
        credentials=PlainCredentials(unquote(url.username or ""), _password(settings, url)),
        heartbeat=heartbeat_s,
        socket_timeout=None,  # one timeout of ours is over all of it
        stack_timeout=None,
        ssl_options=_tls(settings, url),
        client_properties={"connection_name": name, "product": "Hallmark"},
    )


def address(settings: Settings) -> str:
    """Host, port and vhost, for people: never the password."""
    url = _url(settings.amqp_url)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{host}:{url.port or _PORTS[url.scheme]}{url.path or '/'}"


def _url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        usable = url.scheme in _PORTS and url.hostname and url.username and url.port != 0 and not url.fragment
    except ValueError:
        usable = None
    if not usable:
        # The text itself is not shown: it may hold a password.
        raise StartupError(f"{URL}: not a usable URL; expected {_SHAPE}")
    return url


def _heartbeat_s(url: SplitResult) -> int | None:
    """None is what RabbitMQ proposes."""
    if not url.query:
        return None
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    text = options.pop("heartbeat", "")
    if options or not text.isdecimal() or not 1 <= int(text) <= 600:
        raise StartupError(f"{URL}: after the ? there may only be heartbeat=<seconds from 1 to 600>")
    return int(text)


def _password(settings: Settings, url: SplitResult) -> str:
    if settings.amqp_password_file is None:
        if url.password:
            return unquote(url.password)
        raise StartupError(f"{PASSWORD_FILE}: no password for user {url.username}; name the file that holds it")
    password = _usable("amqp_password_file", settings.amqp_password_file, lambda path: path.read_text().strip())
    if not password:
        raise StartupError(f"{PASSWORD_FILE}: {settings.amqp_password_file} is empty; write the password into it")
    return password


def _tls(settings: Settings, url: SplitResult) -> SSLOptions | None:
    if url.scheme == "amqp":
        for field in ("amqp_ca_file", "amqp_cert_file", "amqp_key_file"):
            if getattr(settings, field) is not None:
                raise StartupError(f"{variable(field)}: it is for TLS; begin {URL} with amqps:// or unset it")
        return None
    context = ssl.create_default_context()
    if settings.amqp_ca_file is not None:
        _usable("amqp_ca_file", settings.amqp_ca_file, context.load_verify_locations)
    if settings.amqp_cert_file is not None:
        key = settings.amqp_key_file
        _usable("amqp_cert_file", settings.amqp_cert_file, lambda path: context.load_cert_chain(path, key, _no_prompt))
    elif settings.amqp_key_file is not None:
        raise StartupError(
            f"{variable('amqp_key_file')}: a key without a certificate; set {variable('amqp_cert_file')}"
        )
    return SSLOptions(context, url.hostname)


def _no_prompt() -> str:
    """A key with a passphrase is an error, not a question on the terminal."""
    return ""


def _usable(field: str, path: Path, use: Callable[[Path], Found]) -> Found:
    try:
        return use(path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError, a wrong encoding a ValueError
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise StartupError(f"{variable(field)}: {path} cannot be used: {why}") from None
