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
    fields = message_to_dict(record)
    model = fields.get("model") or {"name": "", "version": "", "variant": ""}
    return {
        "prediction_id": record.prediction_id,
        "trace_id": record.trace_id,
        "consumer": record.consumer,
        "model": model["name"],
        "version": model["version"],
        "variant": model["variant"],
        "event_time": fields.get("event_time"),
        "started_at": fields.get("started_at"),
        "duration_ms": fields.get("duration_ms"),
        "status": record.status,
        "reason": record.reason,
        "entry_stage": record.entry_stage,
        "complete": record.complete,
        "missing_stages": fields["missing_stages"],
        "stages": fields["stages"],
        "data": _data(record) if record.HasField("data") else None,
        "prediction": _facts(record.prediction) if record.HasField("prediction") else None,
        "inference": fields.get("inference"),
        "truth": fields.get("truth"),
        "verdicts": fields["verdicts"],
        "instances": [_parsed(text) for text in record.instances_json],
    }


def summary_to_dict(summary: QualitySummary) -> dict[str, Any]:
    """The JSON form of a summary, with the same parts as a record has."""
    fields = message_to_dict(summary)
    return {
        "stages": fields["stages"],
        "data": _data(summary) if summary.HasField("data") else None,
        "prediction": _facts(summary.prediction) if summary.HasField("prediction") else None,
        "inference": fields.get("inference"),
    }


def message_to_dict(message: Message) -> dict[str, Any]:
    """The JSON form of a message: proto field names in proto order, only fields with presence may be absent."""
    found = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return _in_order(found, message.DESCRIPTOR)


def _in_order(found: dict[str, Any], descriptor: Any) -> dict[str, Any]:
    """protobuf puts the fields that are set before those that are not; its two descriptor types share no type."""
    return {
        field.name: _ordered_value(found[field.name], field.message_type)
        for field in descriptor.fields
        if field.name in found
    }


def _ordered_value(value: Any, descriptor: Any) -> Any:
    if isinstance(value, list):
        return [_ordered_value(item, descriptor) for item in value]
    return _in_order(value, descriptor) if isinstance(value, dict) and descriptor is not None else value


def _data(owner: QualityRecord | QualitySummary) -> dict[str, Any]:
    data = message_to_dict(owner.data)
    data.setdefault("distance", None)
    data.setdefault("image", None)
    return data


def _facts(facts: PredictionFacts) -> dict[str, Any]:
    fields = message_to_dict(facts)
    if facts.count != 1:
        return fields
    single = {name: (fields[plural] or [None])[0] for plural, name in _PER_INSTANCE.items()}
    return {"kind": facts.kind, "count": 1, **single}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
