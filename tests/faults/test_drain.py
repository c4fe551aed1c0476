"""Invariant 8: Ctrl-C under load. What was accepted is answered, and each answer has its complete record."""

import signal
import sqlite3
import threading
from collections.abc import Callable

import grpc

from hallmark.preprocess.v1.preprocess_pb2 import Input, Table
from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark.web.v1 import web_pb2, web_pb2_grpc
from tests.support.command import PATIENCE_S
from tests.support.samples import samples
from tests.support.stack import Stack

CALLERS = 8


class Load:
    """Callers that predict until they are refused."""

    def __init__(self, stack: Stack) -> None:
        table = Table()
        table.rows.add().update(samples("flights", 1)[0]["input"]["instances"][0])
        self._request = web_pb2.PredictRequest(model="flights", input=Input(table=table))
        self._stack = stack
        self._target = stack.settings.target("web")
        self.answered: list[str] = []
        self.refused: list[grpc.StatusCode] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call(self) -> None:
        with grpc.insecure_channel(self._target) as channel:
            stub = web_pb2_grpc.PredictionServiceStub(channel)
            while True:
                try:
                    self.answered.append(stub.Predict(self._request, timeout=20).prediction_id)
                except grpc.RpcError as error:
                    self.refused.append(error.code())
                    return

    def wait_for(self, count: int) -> None:
        self._stack.until(lambda: len(self.answered) >= count, f"{count} answers")

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def test_nothing_accepted_is_lost(start_stack: Callable[..., Stack]) -> None:
    # So long that only the flush at the end can bring the last spans to the engine.
    stack = start_stack(span_export_interval_s="600")
    stack.wait_until_ready()
    load = Load(stack)
    load.wait_for(300)
    assert stack.stop() == 0
    load.join()
    assert set(load.refused) == {grpc.StatusCode.UNAVAILABLE}
    database = sqlite3.connect(stack.settings.state_dir / "qoa.sqlite3")
    records = {
        prediction_id: QualityRecord.FromString(blob)
        for prediction_id, blob in database.execute("SELECT prediction_id, record FROM records")
    }
    database.close()
    assert set(load.answered) <= set(records)
    incomplete = [records[name].missing_stages for name in load.answered if not records[name].complete]
    assert incomplete == []


def test_a_second_signal_does_not_wait(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(drain_timeout_s="600")
    stack.wait_until_ready()
    load = Load(stack)
    load.wait_for(20)
    stack.send(signal.SIGTERM)
    stack.send(signal.SIGTERM)
    assert stack.exit_code() in (0, 128 + signal.SIGTERM, 128 + signal.SIGINT)
    load.join()
