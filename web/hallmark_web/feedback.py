"""What really happened, told over HTTP and passed on to the QoA engine: not on the path of a prediction."""

from typing import TYPE_CHECKING, Any

import grpc
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from hallmark.qoa.v1.qoa_pb2 import AddTruthsRequest, TruthOutcome
from hallmark_common.errors import HallmarkError, invalid, shown
from hallmark_common.feedback import MAX_TRUTHS, outcome_to_dict, truth_from
from hallmark_web.body import read_json
from hallmark_web.downstream import downstream_error
from hallmark_web.fields import field_name
from hallmark_web.json_body import kind_of
from hallmark_web.openapi import FEEDBACK_DOC

if TYPE_CHECKING:
    from hallmark.qoa.v1.qoa_pb2_grpc import QoaServiceAsyncStub

MANY = "truths"


def feedback_routes(qoa: "QoaServiceAsyncStub", timeout_s: float, max_bytes: int) -> APIRouter:
    """``POST /v1/feedback``."""
    router = APIRouter(tags=["truth"])

    @router.post("/v1/feedback", **FEEDBACK_DOC)
    async def feedback(http: Request) -> Any:
        document = await read_json(http, max_bytes)
        request = parse_feedback(document)
        try:
            answer = await qoa.AddTruths(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise downstream_error(error, "qoa") from error
        if MANY not in document:
            _refuse(answer.outcomes[0])
        told = zip(request.truths, answer.outcomes, strict=True)
        return JSONResponse({"outcomes": [outcome_to_dict(one.prediction_id, outcome) for one, outcome in told]})

    return router


def parse_feedback(document: object) -> AddTruthsRequest:
    """A request from one truth, or from ``{"truths": [...]}``; INVALID_ARGUMENT names the field that is wrong."""
    if not isinstance(document, dict):
        raise invalid("body", f"a JSON object with a truth, or with {MANY}", kind_of(document))
    if MANY not in document:
        return AddTruthsRequest(truths=[truth_from(document)])
    for key in document:
        if key != MANY:
            raise invalid(field_name(key), f"only the key {MANY}, or a truth", f"the key {shown(key)} too")
    return AddTruthsRequest(truths=[truth_from(entry, f"{MANY}[{n}]") for n, entry in enumerate(_entries(document))])


def _entries(document: dict[str, Any]) -> list[Any]:
    entries = document[MANY]
    if not isinstance(entries, list):
        raise invalid(MANY, "an array of truths", kind_of(entries))
    if len(entries) > MAX_TRUTHS:
        raise invalid(MANY, f"at most {MAX_TRUTHS}", str(len(entries)))
    return entries


def _refuse(outcome: TruthOutcome) -> None:
    """An error for a lone truth that was refused: its reason begins with the field."""
    if outcome.outcome == "refused":
        field = outcome.reason.partition(":")[0]
        raise HallmarkError(grpc.StatusCode.INVALID_ARGUMENT, "TRUTH_REFUSED", outcome.reason, {"field": field})
