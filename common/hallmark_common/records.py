"""Records and summaries as JSON, for the CLI, the REST API and the page (shared by all of them)."""

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from hallmark.qoa.v1.quality_pb2 import PredictionFacts, QualityRecord, QualitySummary

_PER_INSTANCE = {"labels": "label", "confidences": "confidence", "entropies": "entropy", "values": "value"}


def record_to_dict(record: QualityRecord) -> dict[str, Any]:
    """The JSON form of a record: field names of the proto, model flattened, null for what is not known yet.

    Times are RFC 3339 in UTC, durations milliseconds. The facts of a single instance stand as ``label``,
    ``confidence``, ``entropy`` and ``value``; those of several as lists under the plural names.
    """
    fields = _plain(record)
    model = fields.pop("model", None) or {"name": "", "version": "", "variant": ""}
    instances = fields.pop("instances_json")
    return {
        "prediction_id": fields.pop("prediction_id"),
        "trace_id": fields.pop("trace_id"),
        "consumer": fields.pop("consumer"),
        "model": model["name"],
        "version": model["version"],
        "variant": model["variant"],
        "event_time": fields.pop("event_time", None),
        "started_at": fields.pop("started_at", None),
        "duration_ms": fields.pop("duration_ms", None),
        **fields,
        "data": _data(record) if record.HasField("data") else None,
        "prediction": _facts(record.prediction) if record.HasField("prediction") else None,
        "inference": fields.get("inference"),
        "truth": fields.get("truth"),
        "instances": [_parsed(text) for text in instances],
    }


def summary_to_dict(summary: QualitySummary) -> dict[str, Any]:
    """The JSON form of a summary, with the same parts as a record has."""
    fields = _plain(summary)
    return {
        "stages": fields["stages"],
        "data": _data(summary) if summary.HasField("data") else None,
        "prediction": _facts(summary.prediction) if summary.HasField("prediction") else None,
        "inference": fields.get("inference"),
    }


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _data(owner: QualityRecord | QualitySummary) -> dict[str, Any]:
    data = _plain(owner.data)
    data.setdefault("distance", None)
    data.setdefault("image", None)
    return data


def _facts(facts: PredictionFacts) -> dict[str, Any]:
    fields = _plain(facts)
    if facts.count != 1:
        return fields
    single = {name: (fields[plural] or [None])[0] for plural, name in _PER_INSTANCE.items()}
    return {"kind": facts.kind, "count": 1, **single}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
