"""A body over the limit is refused while it streams in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/models/digits:predict"
LIMIT = 64 * 1024


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=b"])
async def test_an_endless_body_is_answered_before_it_ends(web: Any, preprocess: Any, content_type: str) -> None:
    """The client sends more than the limit, and never the end: only a server that answers meanwhile answers at all."""
    settings = web.runtime.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.web_http_port)
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    preamble = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    writer.write(head.encode() + _chunk(preamble) + _chunk(b"x" * LIMIT))
    await writer.drain()

    status = await asyncio.wait_for(reader.readline(), 5)

    assert status.split()[1] == b"413"
    assert not preprocess.requests
    writer.close()
    await writer.wait_closed()


async def test_an_announced_length_is_refused_before_the_body_comes(web: Any, preprocess: Any) -> None:
    settings = web.runtime.settings
    reader, writer = await asyncio.open_connection(settings.host, settings.web_http_port)
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {LIMIT + 1}\r\n\r\n"
    writer.write(head.encode())

    status = await asyncio.wait_for(reader.readline(), 5)

    assert status.split()[1] == b"413"
    assert not preprocess.requests
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=b"])
async def test_100_megabytes_are_not_held(web: Any, preprocess: Any, content_type: str) -> None:
    piece = b"x" * 2**20

    async def body() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield piece

    process = psutil.Process()
    before = process.memory_info().rss
    response = await web.http.post(PATH, content=body(), headers={"content-type": content_type})

    assert response.status_code == 413
    assert response.json()["error"]["reason"] == "TOO_LARGE"
    assert process.memory_info().rss - before < 40 * 2**20
    assert not preprocess.requests


async def test_a_body_just_within_the_limit_is_taken(web: Any, preprocess: Any) -> None:
    body = b'{"instances": ["' + b"x" * (LIMIT - 19) + b'"]}'
    assert len(body) == LIMIT

    response = await web.http.post(PATH, content=body, headers={"content-type": "application/json"})

    assert response.status_code == 200
    assert len(preprocess.requests) == 1


def _chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"
