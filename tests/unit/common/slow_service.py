"""A service for test_service.py: answers `go` at once and everything else once the file named by it exists."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from hallmark_common.errors import StartupError
from hallmark_common.service import Runtime, StageMethod, run_service


@asynccontextmanager
async def slow_service(runtime: Runtime) -> AsyncIterator[None]:
    if "--broken" in sys.argv:
        raise StartupError("models/x/model.yaml: input.kind: field required; see docs/model-yaml.md")

    async def handler(request: bytes, _context: object) -> bytes:
        path = Path(request.decode())
        while not path.exists():
            await asyncio.sleep(0.01)
        return path.read_bytes()

    server = runtime.grpc_server("qoa_port", stage=StageMethod("web", "test.v1.Test/Wait"))
    methods = {"Wait": grpc.unary_unary_rpc_method_handler(handler)}
    server.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.v1.Test", methods),))
    await server.start("test.v1.Test")
    yield


if __name__ == "__main__":
    sys.exit(run_service("hallmark-test", slow_service))
