"""web marks the traces that show a breach of a contract: too slow, or failed by a fault of the service."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common import attributes
from hallmark_common.errors import HallmarkError
from tests.support.promises import write_promise
from tests.support.waiting import eventually

BODY = {"instances": [1]}


def kept(own: Any) -> dict[str, bool]:
    """Whether each web stage that has ended is marked, by how it ended."""
    spans = [span.attributes for span in own.web.exporter.get_finished_spans()]
    return {span[attributes.STATUS]: attributes.KEEP in span for span in spans if span.get(attributes.STAGE) == "web"}


async def unreachable(_request: Any) -> Any:
    raise HallmarkError(grpc.StatusCode.UNAVAILABLE, "GONE", "gone")


@pytest.mark.parametrize(("threshold_s", "is_kept"), [(0.0, True), (3600.0, False)])
@pytest.mark.parametrize(("metric", "of"), [("response_time", ""), ("stage_time", "web")])
async def test_slower_than_promised(
    own_web: Any, tmp_path: Path, metric: str, of: str, threshold_s: float, is_kept: bool
) -> None:
    write_promise(tmp_path, metric, "<=", threshold_s, of=of, aggregate="p95")
    async with own_web(contracts_dir=tmp_path) as own:
        assert (await own.web.http.post("/v1/models/m:predict", json=BODY)).status_code == 200
        assert (await eventually(lambda: kept(own))) == {"OK": is_kept}


async def test_failed_over_http(own_web: Any, tmp_path: Path) -> None:
    write_promise(tmp_path, "availability", ">=", 0.9)
    async with own_web(contracts_dir=tmp_path) as own:
        await own.web.http.post("/v1/models/m:predict", json=BODY)
        await own.web.http.post("/v1/models/m:predict", json={})
        own.preprocess.behave = unreachable
        assert (await own.web.http.post("/v1/models/m:predict", json=BODY)).status_code == 503
        await eventually(lambda: len(kept(own)) == 3)
    assert kept(own) == {"OK": False, "INVALID_ARGUMENT": False, "UNAVAILABLE": True}


async def test_failed_over_grpc_and_in_a_stream(own_web: Any, tmp_path: Path) -> None:
    write_promise(tmp_path, "reliability", ">", 0.5)
    request = web_pb2.PredictRequest(model="m", input=preprocess_pb2.Input(json=b"[1]"))

    async def messages() -> AsyncIterator[web_pb2.PredictStreamRequest]:
        yield web_pb2.PredictStreamRequest(request_id="r", request=request)

    async def broken(_request: Any) -> Any:
        raise ValueError("broken")

    async with own_web(contracts_dir=tmp_path) as own:
        own.preprocess.behave = unreachable
        with pytest.raises(grpc.aio.AioRpcError):
            await own.web.stub.Predict(request)
        own.preprocess.behave = broken
        assert [answer.error.code async for answer in own.web.stub.PredictStream(messages())] == ["INTERNAL"]
        await eventually(lambda: len(kept(own)) == 2)
    assert kept(own) == {"UNAVAILABLE": True, "INTERNAL": True}
