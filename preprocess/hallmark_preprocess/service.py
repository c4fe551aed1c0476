"""The preprocess service, put together."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hallmark.preprocess.v1 import preprocess_pb2_grpc
from hallmark_common.keep.watch import keeping
from hallmark_common.service import INNER_MESSAGE_FACTOR, Runtime, StageMethod
from hallmark_preprocess.catalog import load_catalog
from hallmark_preprocess.inference_client import InferenceClient
from hallmark_preprocess.offload import Offload
from hallmark_preprocess.prepare import Limits
from hallmark_preprocess.servicer import PreprocessServicer

SERVICE = "hallmark.preprocess.v1.PreprocessService"


@asynccontextmanager
async def preprocess_service(runtime: Runtime) -> AsyncIterator[None]:
    """Serve every model under ``models_dir``.

    Raises:
        ModelSpecError: a ``model.yaml`` or a reference profile is broken.
        PortTakenError: the port is in use.
    """
    # What Pillow thinks of a hostile file is of no use in a log; the client is told what matters.
    warnings.filterwarnings("ignore", module="PIL")
    settings = runtime.settings
    catalog = load_catalog(settings.models_dir)
    limits = Limits(settings.max_instances, settings.max_request_bytes * INNER_MESSAGE_FACTOR)
    server = runtime.grpc_server("preprocess_port", stage=StageMethod("preprocess", f"{SERVICE}/Predict"))
    async with keeping(runtime.stages, "preprocess", settings.contracts_dir):
        with Offload() as offload:
            client = InferenceClient(runtime.channel("inference"))
            servicer = PreprocessServicer(catalog, client, limits, offload)
            preprocess_pb2_grpc.add_PreprocessServiceServicer_to_server(servicer, server.server)
            await server.start(SERVICE)
            yield
