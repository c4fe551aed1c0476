"""The page, the documentation of the API, and the headers that keep both from loading anything from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
DOCS_PATH = "/docs"
_SWAGGER = Path(str(files("fastapi_swagger"))) / "resources"

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
DOCS_POLICY = POLICY + "; style-src 'self' 'unsafe-inline'"
"""Swagger UI writes style elements."""

DOCS_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hallmark API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
DOCS_SCRIPT = """\
SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, tryItOutEnabled: true, validatorUrl: null,
});
"""


def add_pages(app: FastAPI) -> None:
    """The page at ``/``, one page a record at ``/records/{prediction_id}``, the API's at ``/docs``, and their files."""
    app.include_router(_pages())
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    app.mount(f"{DOCS_PATH}/assets", StaticFiles(directory=_SWAGGER), name="docs-assets")


def _pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index() -> Response:
        return FileResponse(STATIC / "index.html")

    @router.get("/records/{prediction_id}")
    async def record() -> Response:
        return FileResponse(STATIC / "record.html")

    @router.get(DOCS_PATH)
    async def docs() -> Response:
        return HTMLResponse(DOCS_HTML)

    @router.get(f"{DOCS_PATH}/start.js")
    async def docs_script() -> Response:
        return Response(DOCS_SCRIPT, media_type="text/javascript")

    return router


class SecurityHeaders:
    """Puts the security headers on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = DOCS_POLICY if scope["path"] == DOCS_PATH else POLICY

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = policy
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_secured)
