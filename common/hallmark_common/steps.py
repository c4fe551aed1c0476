"""Steps: the measured parts of a stage, as spans below it."""

from contextlib import AbstractContextManager

from opentelemetry import trace

from hallmark_common import attributes


def step(name: str) -> AbstractContextManager[trace.Span]:
    """A current span around a part of a stage; ``name`` is one of ``attributes.SPAN_*``.

    An exception ends it and is not recorded on it: its message may quote a payload, and the stage says what failed.
    """
    tracer = trace.get_tracer(attributes.NAMESPACE)
    return tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)
