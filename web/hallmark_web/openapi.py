"""How the REST API is described at /docs."""

from typing import Any

from hallmark_common.feedback import MAX_TRUTHS
from hallmark_web.body import JSON_TYPE, MULTIPART_TYPE
from hallmark_web.schemas import (
    ErrorAnswer,
    FeedbackAnswer,
    ModelsAnswer,
    PredictAnswer,
    RecordAnswer,
    RecordsAnswer,
)

DESCRIPTION = """\
Every prediction carries its own quality record.

Every failure has the same JSON body, `{error: {code, reason, message, field, expected, got}, prediction_id, trace_id}`.
A W3C `traceparent` is continued; the answer's headers hold `hallmark-prediction-id` and the `traceparent` of the entry
span. The same service is offered over gRPC, with reflection.
"""

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_PREDICTION_ID = f"{_TRACE_ID}-00f067aa0ba902b7"


def _stage(name: str, start_ms: float, duration_ms: float, self_ms: float) -> dict[str, Any]:
    stage = {"name": name, "start_ms": start_ms, "duration_ms": duration_ms, "self_ms": self_ms}
    return stage | {"status": "OK", "span_id": "", "steps": []}


ANSWER_EXAMPLE: dict[str, Any] = {
    "prediction": {"label": "on time", "probability": 0.31, "positive": False, "event": "late"},
    "prediction_id": _PREDICTION_ID,
    "trace_id": _TRACE_ID,
    "model": {"name": "flights", "version": "1", "variant": "default"},
    "quality": {
        "stages": [
            _stage("web", 0.0, 4.9, 1.1),
            _stage("preprocess", 0.8, 3.8, 1.9),
            _stage("inference", 2.1, 1.9, 1.9),
        ],
        "data": {"instances": 1, "missing_ratio": 0.0, "violations": [], "distance": 0.7, "image": None},
        "prediction": {"kind": "probability", "count": 1, "label": "not late", "confidence": 0.69, "entropy": 0.89},
        "inference": {"queue_ms": 0.02, "batch_ms": 0.05, "compute_ms": 0.4, "batch_size": 1},
    },
}

ERROR_EXAMPLE: dict[str, Any] = {
    "error": {
        "code": "INVALID_ARGUMENT",
        "reason": "INVALID_INPUT",
        "message": "carrier: expected one of AA, DL, UA, got 'ZZ'",
        "field": "carrier",
        "expected": "one of AA, DL, UA",
        "got": "'ZZ'",
    },
    "prediction_id": _PREDICTION_ID,
    "trace_id": _TRACE_ID,
}

INSTANCES_SCHEMA: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {},
    "description": "In the form that the model's input declares (GET /v1/models has an example of each): a row is an "
    'object of columns, an image {"b64": "<base64 of the file>"}, an instance of tensors nested lists or an object of '
    "input name to nested lists.",
}
_TIME_SCHEMA: dict[str, Any] = {
    "type": "string",
    "format": "date-time",
    "description": "When the event that is predicted on happened; now where absent.",
}
_VERSION_SCHEMA: dict[str, Any] = {"type": "string", "description": "The model's default version where absent."}

_FLIGHT: dict[str, Any] = {
    "carrier": "DL",
    "origin": "JFK",
    "dest": "MIA",
    "hour": 8,
    "weekday": "Monday",
    "distance": 1089,
    "temp": 73.4,
    "wind_speed": 11.51,
    "precip": 0.0,
    "visib": 2.0,
    "pressure": None,
    "humid": 94.1,
}

PREDICT_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        JSON_TYPE: {
            "schema": {
                "type": "object",
                "required": ["instances"],
                "additionalProperties": False,
                "properties": {
                    "instances": INSTANCES_SCHEMA,
                    "event_time": _TIME_SCHEMA,
                    "version": _VERSION_SCHEMA,
                },
            },
            "examples": {
                "a row, for flights": {"value": {"instances": [_FLIGHT]}},
                "history replayed": {"value": {"instances": [_FLIGHT], "event_time": "2013-07-01T12:00:00Z"}},
            },
        },
        MULTIPART_TYPE: {
            "schema": {
                "type": "object",
                "required": ["image"],
                "additionalProperties": False,
                "properties": {
                    "image": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                        "description": "One or more image files, an instance each, all in parts of this name.",
                    },
                    "event_time": _TIME_SCHEMA,
                    "version": _VERSION_SCHEMA,
                },
            }
        },
    },
}

_TRUTH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["prediction_id", "value"],
    "additionalProperties": False,
    "properties": {
        "prediction_id": {
            "type": "string",
            "description": "Of the prediction, or the trace id of a trace that holds one prediction.",
        },
        "value": {
            "description": "The true label or number; an array of as many where the request held several instances. "
            "Whatever is no text is kept as its JSON is written.",
            "anyOf": [
                {"type": "string", "maxLength": 65536},
                {"type": "number"},
                {"type": "boolean"},
                {"type": "array"},
            ],
        },
        "observed_at": {
            "type": "string",
            "format": "date-time",
            "description": "When it became known; now where absent. Of several truths the latest holds.",
        },
    },
}
_TRUTH: dict[str, Any] = {"prediction_id": _PREDICTION_ID, "value": "late", "observed_at": "2013-07-01T15:09:00Z"}

FEEDBACK_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        JSON_TYPE: {
            "schema": {
                "oneOf": [
                    _TRUTH_SCHEMA,
                    {
                        "type": "object",
                        "required": ["truths"],
                        "additionalProperties": False,
                        "properties": {"truths": {"type": "array", "maxItems": MAX_TRUTHS, "items": _TRUTH_SCHEMA}},
                    },
                ]
            },
            "examples": {
                "one truth": {"value": _TRUTH},
                "several": {"value": {"truths": [_TRUTH, {"prediction_id": _TRACE_ID, "value": 12.5}]}},
            },
        }
    },
}
FEEDBACK_EXAMPLE: dict[str, Any] = {
    "outcomes": [{"prediction_id": _PREDICTION_ID, "outcome": "joined", "reason": None}]
}

_WHY = {
    400: "Bad input; `field` names what, `expected` and `got` say how.",
    404: "No such model, record or path.",
    413: "The body is larger than HALLMARK_MAX_REQUEST_BYTES.",
    415: "The body is neither JSON nor multipart.",
    429: "Too many predictions at once; try again after Retry-After seconds.",
    500: "A fault of the service.",
    503: "A service behind web cannot be reached.",
    504: "No answer within the deadline.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the failures that a route answers with."""
    return {
        status: {"model": ErrorAnswer, "description": _WHY[status], "content": {JSON_TYPE: {"example": ERROR_EXAMPLE}}}
        for status in statuses
    }


_CONSUMER_HEADER: dict[str, Any] = {
    "name": "hallmark-consumer",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 128, "default": "anonymous"},
    "description": "Who asks.",
}
_ID_HEADERS: dict[str, Any] = {
    "hallmark-prediction-id": {"schema": {"type": "string"}, "description": "Key of the quality record."},
    "traceparent": {"schema": {"type": "string"}, "description": "W3C trace context of the entry span."},
}

PREDICT_DOC: dict[str, Any] = {
    "summary": "Predict",
    "description": "Answers one or more instances, with the quality of the prediction.",
    "operation_id": "predict",
    "openapi_extra": {"requestBody": PREDICT_BODY, "parameters": [_CONSUMER_HEADER]},
    "responses": {
        200: {
            "model": PredictAnswer,
            "description": "The answer and its quality.",
            "headers": _ID_HEADERS,
            "content": {JSON_TYPE: {"example": ANSWER_EXAMPLE}},
        },
        **errors(400, 404, 413, 415, 429, 500, 503, 504),
    },
}

FEEDBACK_DOC: dict[str, Any] = {
    "summary": "Tell the truth",
    "description": "What really happened with predictions, before or after their records are there. Each truth is "
    "taken or refused by itself, and the outcomes say which; where only one was told, a refusal is an error 400.",
    "operation_id": "feedback",
    "openapi_extra": {"requestBody": FEEDBACK_BODY},
    "responses": {
        200: {
            "model": FeedbackAnswer,
            "description": "What became of each, in their order.",
            "content": {JSON_TYPE: {"example": FEEDBACK_EXAMPLE}},
        },
        **errors(400, 413, 415, 429, 500, 503, 504),
    },
}
MODELS_DOC: dict[str, Any] = {
    "summary": "List models",
    "description": "What models there are, and what each takes and gives.",
    "operation_id": "list_models",
    "responses": {200: {"model": ModelsAnswer, "description": "All models."}, **errors(500, 503)},
}
RECORDS_DOC: dict[str, Any] = {
    "summary": "List quality records",
    "description": "Newest first, page by page.",
    "operation_id": "list_records",
    "responses": {200: {"model": RecordsAnswer, "description": "A page."}, **errors(400, 503, 504)},
}
RECORD_DOC: dict[str, Any] = {
    "summary": "One quality record",
    "description": "By prediction id, or by the trace id of a trace that holds one prediction.",
    "operation_id": "get_record",
    "responses": {200: {"model": RecordAnswer, "description": "The record."}, **errors(400, 404, 503, 504)},
}
WATCH_DOC: dict[str, Any] = {
    "summary": "Follow quality records",
    "description": "Server-sent events: `record` with a record as JSON as it is stored or changed, `missed` with "
    '`{"count": n}` where this watcher was too slow for n of them. Comments keep the connection alive.',
    "operation_id": "watch_records",
    "responses": {
        200: {"description": "The events, until either side leaves.", "content": {"text/event-stream": {}}},
        **errors(400, 503),
    },
}
