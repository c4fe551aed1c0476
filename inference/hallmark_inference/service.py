"""The inference service, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hallmark_common.keep.watch import keeping
from hallmark_common.service import Runtime, StageMethod
from hallmark_inference.repository import cores, load_repository
from hallmark_inference.runner import Runner
from hallmark_inference.servicer import InferenceServicer
from hallmark_inference.wire import WIRE_SERVICE, add_to_server, reflection_pool


@asynccontextmanager
async def inference_service(runtime: Runtime) -> AsyncIterator[None]:
    """Load and warm up every model, then open the port; ModelSpecError for a model that cannot be served."""
    settings = runtime.settings
    repository = await asyncio.to_thread(load_repository, settings.models_dir, settings.inference_threads)
    for model in repository:
        await asyncio.to_thread(model.warm_up)
    async with keeping(runtime.stages, "inference", settings.contracts_dir):
        with Runner(threads=cores(settings.inference_threads), queue_size=settings.max_concurrent_requests) as runner:
            server = runtime.grpc_server("inference_port", stage=StageMethod("inference", f"{WIRE_SERVICE}/ModelInfer"))
            add_to_server(InferenceServicer(repository, runner, runtime.tracer), server.server)
            await server.start(WIRE_SERVICE, pool=reflection_pool())
            yield
