"""Routing keys of events, ``<severity>.<consumer>.<model>``. Pure."""

import hashlib
from urllib.parse import quote

from hallmark.qoa.v1.report_pb2 import WindowVerdict

MAX_WORD = 120
"""Characters of a word: three of them, the first a short one, must fit into the 255 bytes of a key."""

_DIGEST = 16


def routing_key(verdict: WindowVerdict) -> str:
    """Three words, whatever the names are, so that ``critical.*.flights`` means what it says."""
    return ".".join(map(word, (verdict.severity, verdict.consumer, verdict.model)))


def word(name: str) -> str:
    """A name as one word of a routing key, a different one for each name.

    Letters and digits of ASCII, ``-`` and ``_`` are themselves, any other byte of its UTF-8 is ``%`` and two
    hexadecimal digits in upper case (RFC 3986, section 2.1): a dot would separate words, and ``*`` and ``#`` could not
    be bound to. A longer word ends with ``~`` and the first 16 digits of the SHA-256 of the name instead of its rest.
    """
    escaped = quote(name, safe="").replace(".", "%2E").replace("~", "%7E")
    if len(escaped) <= MAX_WORD:
        return escaped
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{escaped[: MAX_WORD - _DIGEST - 1]}~{digest}"
