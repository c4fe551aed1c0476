"""The web service: everything built, in the order in which it depends on each other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from starlette.types import ASGIApp

from hallmark.preprocess.v1.preprocess_pb2_grpc import PreprocessServiceStub
from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceStub
from hallmark.web.v1 import web_pb2
from hallmark.web.v1.web_pb2_grpc import add_PredictionServiceServicer_to_server
from hallmark_common.keep.watch import keeping
from hallmark_common.service import GrpcServer, Runtime, StageMethod
from hallmark_web.admission import Admission
from hallmark_web.app import Tracing, make_app
from hallmark_web.body import BodyLimits
from hallmark_web.feedback import feedback_routes
from hallmark_web.grpc_api import PREDICT_METHOD, PredictionServicer
from hallmark_web.health import Readiness, health_routes
from hallmark_web.http_server import bind_port, http_server
from hallmark_web.models import ModelCatalogue
from hallmark_web.predict import Predictor, describe
from hallmark_web.records import record_routes
from hallmark_web.rest import RestApi, prediction_routes

BEHIND = ("preprocess", "inference")
"""Services without which no prediction can be made."""


@asynccontextmanager
async def web_service(runtime: Runtime) -> AsyncIterator[None]:
    """The edge, ready when the context is entered: gRPC and HTTP over one handler."""
    settings = runtime.settings
    preprocess = PreprocessServiceStub(runtime.channel("preprocess"))
    predictor = Predictor(preprocess, settings.request_timeout_s)
    models = ModelCatalogue(preprocess, settings.request_timeout_s)
    admission = Admission(settings.max_concurrent_requests)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(keeping(runtime.stages, "web", settings.contracts_dir))
        readiness = Readiness({name: runtime.channel(name) for name in BEHIND}, runtime.draining)
        rest = RestApi(predictor, models, BodyLimits(settings.max_request_bytes, settings.max_instances))
        bound = stack.enter_context(bind_port(settings, "web_http_port"))
        server = _grpc_server(runtime, PredictionServicer(predictor, models, admission, runtime.stages))
        await server.start(web_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name)
        app = _app(runtime, rest, readiness, admission)
        await stack.enter_async_context(http_server(app, bound, runtime.draining, settings.drain_timeout_s))
        yield


def _grpc_server(runtime: Runtime, servicer: PredictionServicer) -> GrpcServer:
    stage = StageMethod("web", PREDICT_METHOD, edge=True, describe=describe)
    server = runtime.grpc_server("web_grpc_port", stage=stage)
    add_PredictionServiceServicer_to_server(servicer, server.server)
    return server


def _app(runtime: Runtime, rest: RestApi, readiness: Readiness, admission: Admission) -> ASGIApp:
    qoa = QoaServiceStub(runtime.channel("qoa"))
    return make_app(
        version("hallmark"),
        Tracing(runtime.stages, runtime.meter),
        admission,
        prediction_routes(rest),
        record_routes(qoa, runtime.settings.request_timeout_s, runtime.draining),
        feedback_routes(qoa, runtime.settings.request_timeout_s, runtime.settings.max_request_bytes),
        health_routes(readiness, runtime.telemetry.stats),
    )
