"""HEAD, which every path that answers GET answers too."""

from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = (
    *("/", "/records/x", "/docs", "/docs/start.js", "/docs/assets/swagger-ui.css", "/openapi.json"),
    *("/v1/models", "/v1/records", "/v1/records/no-such", "/v1/records?page_size=0", "/healthz", "/readyz", "/nowhere"),
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.usefixtures("preprocess", "qoa")
async def test_head_is_get_without_the_body(web: Any, path: str) -> None:
    get, head = await web.http.get(path), await web.http.head(path)

    assert head.content == b""
    assert head.status_code == get.status_code
    assert head.headers.keys() == get.headers.keys()
    if path != "/healthz":
        assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize("path", ["/v1/records:watch", "/v1/models/m:predict"])
async def test_head_of_what_is_no_get_or_never_ends_is_refused(web: Any, preprocess: Any, qoa: Any, path: str) -> None:
    head = await web.http.head(path)

    assert (head.status_code, head.content) == (405, b"")
    assert (qoa.watched, preprocess.requests) == ([], [])
