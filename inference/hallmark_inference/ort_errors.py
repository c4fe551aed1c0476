"""What ONNX Runtime says when something fails, without its internals: paths, C++ locations and signatures."""

import re

import grpc
from onnxruntime.capi import onnxruntime_pybind11_state as ort

from hallmark_common.errors import HallmarkError, invalid

_CODE = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")
_LOADING = re.compile(r"Load model from .*? failed:")
_NODE = re.compile(r"Non-zero status code returned while running (\w+) node\. Name:'.*?' Status Message: ", re.DOTALL)
_LOCATION = re.compile(r"\S+\.(?:cc|h|cpp|hpp|cu):\d+ ")
_MAX_REASON = 200

REJECTIONS = (ort.Fail, ort.InvalidArgument, ort.RuntimeException)
"""What a run of a graph that has loaded raises over values and shapes; it is the same with every repetition."""


def reason_of(error: BaseException) -> str:
    """The reason in an error of ONNX Runtime, one line; empty if nothing of it is fit to be shown."""
    text = _NODE.sub("", _LOADING.sub("", _CODE.sub("", str(error))))
    if _LOCATION.search(text):
        # What follows a location is a signature and, of a failed check, "<condition> was false. <reason>".
        text = text.partition(" was false. ")[2]
    text = " ".join(text.split()).rstrip(".")
    return "" if "::" in text or _LOCATION.search(text) else text[:_MAX_REASON]


def from_run(error: Exception, model: str) -> HallmarkError | None:
    """The failure of a run as its caller may see it; None if it is not the caller's doing.

    A graph that has loaded runs on a CPU the same way every time, so what fails a run are values or shapes that passed
    every check against the graph's own inputs. Memory is an exception: it may be there the next time.
    """
    if isinstance(error, MemoryError) or re.search(r"[Ff]ailed to allocate|bad_alloc|bad allocation", str(error)):
        return HallmarkError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "MODEL_OUT_OF_MEMORY",
            f"inputs: model {model} needs more memory for them than there is; send less at once",
            {"field": "inputs"},
        )
    if not isinstance(error, REJECTIONS):
        return None
    node = _NODE.search(str(error))
    where, reason = f"its operator {node[1]}" if node else "it", reason_of(error)
    got = f"some that {where} rejects" + (f": {reason}" if reason else "")
    return invalid("inputs", f"values and shapes that model {model} takes", got, reason="MODEL_REJECTED_INPUT")
