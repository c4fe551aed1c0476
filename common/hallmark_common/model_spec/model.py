"""The document as a whole."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from hallmark_common.model_spec.base import Spec
from hallmark_common.model_spec.image import ImageInput
from hallmark_common.model_spec.outputs import ClassesOutput, NumberOutput, ProbabilityOutput, RawOutput
from hallmark_common.model_spec.segment import SegmentSpec
from hallmark_common.model_spec.table import TableInput
from hallmark_common.model_spec.tensor import TensorInput

MAX_DIMENSIONS = 8
"""So many ways to part the predictions of a model into segments: each multiplies what is kept of a window."""

ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class ModelSpec(Spec):
    """A model: its name, versions, input and output."""

    name: ModelName = Field(description="Name of the model and of its folder.")
    title: str = Field("", description="A few words for people.")
    description: str = Field("", description="A paragraph for people.")
    default_version: str = Field(
        "1",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="Version that answers where a request names none.",
    )
    variant: str = Field("default", description="Name under which quality is kept apart, e.g. champion.")
    input: ImageInput | TableInput | TensorInput = Field(discriminator="kind", description="What instances are.")
    output: ClassesOutput | ProbabilityOutput | NumberOutput | RawOutput = Field(
        discriminator="kind", description="What answers are made of."
    )
    segments: tuple[SegmentSpec, ...] = Field(
        (), max_length=MAX_DIMENSIONS, description="Dimensions by which quality is also kept apart."
    )
    reference: str | None = Field(None, description="File beside model.yaml with the profile of the training data.")
    sample: str | None = Field(None, description="File beside model.yaml with held-out requests for hallmark replay.")
    example: dict[str, Any] | None = Field(None, description="An example REST body, shown on the page and in docs.")

    @field_validator("segments")
    @classmethod
    def _segments_fit(cls, segments: tuple[SegmentSpec, ...], info: ValidationInfo) -> tuple[SegmentSpec, ...]:
        if len({segment.name for segment in segments}) != len(segments):
            raise ValueError("two have the same name")
        for segment in segments:
            if "input" in info.data:
                segment.check_fits(info.data["input"])
        return segments
