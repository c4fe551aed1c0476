"""From a change of a verdict to a CloudEvent in JSON (CloudEvents 1.0.2, JSON Event Format 1.0.2). Pure."""

import json

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_common.reports import change_to_dict, window_end

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
"""Of the structured mode, in which the body holds all of the event."""

SOURCE = "hallmark/qoa"
"""The same for every engine, so that source and id together name the change, whoever tells it."""

TYPE = "hallmark.verdict"


def event_type(change: VerdictChange) -> str:
    """``hallmark.verdict.violated``, ``.pass`` or ``.unknown``."""
    return f"{TYPE}.{change.verdict.verdict}"


def cloud_event(change: VerdictChange) -> bytes:
    """The event, whose time is the end of the window; its data is the verdict and what it was before."""
    verdict = change.verdict
    event = {
        "specversion": "1.0",
        "id": change.id,
        "source": SOURCE,
        "type": event_type(change),
        "subject": f"{verdict.consumer}/{verdict.model}",
        "time": window_end(verdict.start, verdict.window_s).ToJsonString(),
        "datacontenttype": "application/json",
        "data": change_to_dict(change),
    }
    return json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
