"""Log lines: one JSON object, ids, no payload."""

import json
import logging
import sys
from typing import Any

from hallmark_common.logs import JsonFormatter
from hallmark_common.prediction import current_prediction
from hallmark_common.stage import Stages


def format_line(message: str, *args: object, error: bool = False) -> dict[str, Any]:
    info = sys.exc_info() if error else None
    record = logging.LogRecord("a.logger", logging.WARNING, __file__, 1, message, args, info)
    line: dict[str, Any] = json.loads(JsonFormatter("hallmark-test").format(record))
    return line


def test_a_line_carries_trace_and_prediction_id(recorder: Any) -> None:
    tracer = recorder.telemetry.tracer_provider.get_tracer("t")
    with Stages(tracer).span("s", "web", "shop"):
        prediction = current_prediction()
        line = format_line("said %s", "ü\n")
    assert prediction is not None
    assert (line["trace_id"], line["prediction_id"]) == (prediction.trace_id, prediction.id)
    assert (line["level"], line["service"], line["logger"], line["message"]) == (
        "WARNING",
        "hallmark-test",
        "a.logger",
        "said ü\n",
    )


def test_an_exception_leaves_its_type_and_place_but_not_its_message() -> None:
    try:
        raise ValueError("secret payload")
    except ValueError:
        line = format_line("failed", error=True)
    assert line["exception"] == "ValueError"
    assert "test_logs.py" in line["stack"][-1]
    assert "secret" not in json.dumps(line)
    assert "trace_id" not in line
