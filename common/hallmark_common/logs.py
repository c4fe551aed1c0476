"""Structured logs: one JSON object a line on stdout, with trace and prediction id."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

from hallmark_common.prediction import current_prediction


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object.

    Of an exception it writes type and places, never the message: that may quote a payload, and nothing of a payload
    goes into a log.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line["trace_id"] = f"{span.trace_id:032x}"
        prediction = current_prediction()
        if prediction is not None:
            line["prediction_id"] = prediction.id
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["stack"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(record.exc_info[2])]
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(service: str, level: str) -> None:
    """Send every log record of this process to stdout as JSON, uvicorn's and gRPC's included."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
