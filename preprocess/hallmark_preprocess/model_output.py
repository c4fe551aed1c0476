"""An output of a model that is not what its ``model.yaml`` declares, or that cannot be read."""

import grpc

from hallmark_common.errors import HallmarkError

MODEL_OUTPUT = "MODEL_OUTPUT"
"""Reason of the error."""


def wrong_output(model: str, name: str, expected: str, got: str) -> HallmarkError:
    """The error, INTERNAL: the caller has done nothing wrong."""
    return HallmarkError(
        grpc.StatusCode.INTERNAL,
        MODEL_OUTPUT,
        f"model {model}, output {name}: expected {expected}, got {got}",
        {"model": model, "field": name, "expected": expected, "got": got},
    )
