"""What answers are made of."""

from typing import Literal

from pydantic import Field

from hallmark_common.model_spec.base import Spec

Activation = Literal["none", "softmax", "sigmoid"]


class ClassesOutput(Spec):
    """Scores of classes, shape [N, K]."""

    kind: Literal["classes"]
    tensor: str | None = Field(None, description="Graph output to read; the only one where unset.")
    labels: tuple[str, ...] = Field(min_length=2, description="Names of the classes, in the order of the scores.")
    activation: Activation = Field("none", description="What makes probabilities of the graph's output.")


class ProbabilityOutput(Spec):
    """Probability of one event, shape [N], [N, 1] or [N, 2]."""

    kind: Literal["probability"]
    tensor: str | None = Field(None, description="Graph output to read; the only one where unset.")
    label: str = Field(description="Name of the event.")
    negative_label: str = Field("", description="Name of its absence; 'not <label>' where unset.")
    index: int = Field(-1, description="Column of [N, K] that holds it.")
    activation: Activation = Field("none", description="What makes probabilities of the graph's output.")
    threshold: float = Field(0.5, ge=0, le=1, description="The answer is positive at this probability and above.")

    @property
    def absence(self) -> str:
        """What the event not happening is called."""
        return self.negative_label or f"not {self.label}"


class NumberOutput(Spec):
    """One number an instance, shape [N] or [N, 1]."""

    kind: Literal["number"]
    tensor: str | None = Field(None, description="Graph output to read; the only one where unset.")
    unit: str = Field("", description="Unit for people, e.g. min.")
    scale: float = Field(1.0, allow_inf_nan=False, description="Factor on the output.")
    offset: float = Field(0.0, allow_inf_nan=False, description="Added after scale.")


class RawOutput(Spec):
    """Output tensors as they are."""

    kind: Literal["raw"]
    tensors: tuple[str, ...] = Field((), description="Graph outputs to return; all where empty.")
