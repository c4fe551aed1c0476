"""What one stage of one request tells of a metric, when it ends: samples to compare with the threshold of a contract.

Only what a stage knows by itself is here: not what needs the truth, other requests or the training data. A metric that
counts faults has a sample where the request is one, and none where it is not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from opentelemetry.util.types import AttributeValue

from hallmark_common import attributes
from hallmark_common.catalogue import ABSENCES, CLIENT_FAULTS


@dataclass(frozen=True, slots=True)
class Ended:
    """A stage at its end: attributes of its span; its duration, and that without its calls of other stages."""

    facts: Mapping[str, AttributeValue]
    duration_s: float
    own_s: float


Samples = Callable[[Ended], Sequence[float]]

_SCHEMA = frozenset({"missing", "type", "range", "category", "size"})
_RANGE = frozenset({"range", "reference_range"})
_S_PER_MS = 1e-3


@cache
def samples_of(metric: str, of: str, stage: str) -> Samples | None:
    """What the stage tells of a metric; None where it does not know.

    The same function for the same arguments, so that rules about the same samples can be told by it.
    """
    if metric in _OF_STAGE:
        return _OF_STAGE[metric] if of in ("", stage) else None
    if metric in _OF_STATUS:
        return _OF_STATUS[metric](of)
    if stage == "preprocess" and metric in _OF_DATA:
        return _OF_DATA[metric](of)
    return _NUMBERS[stage].get(metric) if stage in _NUMBERS else None


def _number(attribute: str, scale: float = 1.0, offset: float = 0.0) -> Samples:
    def samples(ended: Ended) -> Sequence[float]:
        value = ended.facts.get(attribute)
        return (offset + value * scale,) if isinstance(value, int | float) else ()

    return samples


def _numbers(attribute: str) -> Samples:
    def samples(ended: Ended) -> Sequence[float]:
        values = ended.facts.get(attribute)
        return [value for value in values if isinstance(value, float)] if isinstance(values, tuple) else ()

    return samples


def _fault(is_fault: Callable[[Ended], bool]) -> Samples:
    return lambda ended: (1.0,) if is_fault(ended) else ()


def _status_is(wanted: Callable[[str], bool]) -> Samples:
    return _fault(lambda ended: wanted(str(ended.facts.get(attributes.STATUS, ""))))


def _violates(kinds: frozenset[str]) -> Callable[[str], Samples]:
    def of_column(column: str) -> Samples:
        def is_fault(ended: Ended) -> bool:
            for text in _texts(ended, attributes.DATA_VIOLATIONS):
                kind, _, rest = text.partition(":")
                if kind in kinds and column in ("", rest.partition(":")[2]):
                    return True
            return False

        return _fault(is_fault)

    return of_column


def _is_missing(column: str) -> Samples:
    """Of one column from the recorded values, in which preprocess spaces as :func:`json.dumps` does."""
    null = f"{json.dumps(column)}: null"
    return _fault(lambda ended: any(null in text for text in _texts(ended, attributes.DATA_VALUES)))


def _none_ratio(column: str) -> Samples:
    return _is_missing(column) if column else _number(attributes.DATA_MISSING_RATIO)


def _any_missing(column: str) -> Samples:
    if column:
        return _is_missing(column)
    missing = _number(attributes.DATA_MISSING_RATIO)
    return _fault(lambda ended: any(ratio > 0 for ratio in missing(ended)))


def _pixels(ended: Ended) -> Sequence[float]:
    width, height = ended.facts.get(attributes.IMAGE_WIDTH), ended.facts.get(attributes.IMAGE_HEIGHT)
    return (width * height,) if isinstance(width, int) and isinstance(height, int) else ()


def _is_mode(mode: str) -> Samples:
    def samples(ended: Ended) -> Sequence[float]:
        found = ended.facts.get(attributes.IMAGE_MODE)
        return () if found is None else (float(found == mode),)

    return samples


def _texts(ended: Ended, attribute: str) -> Sequence[str]:
    """Of a list; the SDK keeps it as a tuple."""
    values = ended.facts.get(attribute)
    return [value for value in values if isinstance(value, str)] if isinstance(values, tuple) else ()


_OF_STAGE: Mapping[str, Samples] = {
    "response_time": lambda ended: (ended.duration_s,),
    "stage_time": lambda ended: (ended.own_s,),
    "cpu_time": _number(attributes.CPU_MS, _S_PER_MS),
}
"""Of a stage or of the whole: no stage takes longer than the whole, so one alone can be too much."""

_OF_STATUS: Mapping[str, Callable[[str], Samples]] = {
    "availability": lambda _: _status_is(ABSENCES.__contains__),
    "reliability": lambda _: _status_is(lambda status: status != "OK" and status not in CLIENT_FAULTS),
    "deadline_misses": lambda _: _status_is(lambda status: status == "DEADLINE_EXCEEDED"),
    "error_ratio": lambda of: _status_is(lambda status: status == of if of else status != "OK"),
}

_OF_DATA: Mapping[str, Callable[[str], Samples]] = {
    "completeness": lambda _: _number(attributes.DATA_MISSING_RATIO, -1.0, 1.0),
    "none_ratio": _none_ratio,
    "null_count": _any_missing,
    "total_none": _any_missing,
    "validity": _violates(_SCHEMA),
    "total_valid": _violates(_SCHEMA),
    "error_ratios": _violates(_SCHEMA),
    "total_errors": _violates(_SCHEMA),
    "out_of_range": _violates(_RANGE),
    "color_mode": _is_mode,
}

_NUMBERS: Mapping[str, Mapping[str, Samples]] = {
    "preprocess": {
        "image_width": _number(attributes.IMAGE_WIDTH),
        "image_height": _number(attributes.IMAGE_HEIGHT),
        "image_size": _pixels,
        "brightness": _number(attributes.IMAGE_BRIGHTNESS),
        "contrast": _number(attributes.IMAGE_CONTRAST),
        "sharpness": _number(attributes.IMAGE_SHARPNESS),
        "distance": _number(attributes.DATA_DISTANCE),
        "confidence": _numbers(attributes.ANSWER_CONFIDENCES),
        "entropy": _numbers(attributes.ANSWER_ENTROPIES),
    },
    "inference": {
        "queue_time": _number(attributes.QUEUE_MS, _S_PER_MS),
        "batch_time": _number(attributes.BATCH_MS, _S_PER_MS),
        "compute_time": _number(attributes.COMPUTE_MS, _S_PER_MS),
        "batch_size": _number(attributes.BATCH_SIZE),
    },
}

FAULTS = frozenset(
    {
        *_OF_STATUS,
        *("null_count", "total_none", "validity", "total_valid", "error_ratios", "total_errors", "out_of_range"),
    }
)
"""Metrics whose samples are faults: one is evidence, whatever the threshold."""
