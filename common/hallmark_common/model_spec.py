"""What a model takes and gives, as declared in ``models/<name>/model.yaml``.

The declaration is everything that Hallmark knows of a model beside its ONNX graph: no model needs code.
The JSON Schema of this file is generated from these classes into ``docs/model-yaml.schema.json``.
"""

import math
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from hallmark_common.errors import StartupError
from hallmark_common.spec_errors import sentence_of

MODEL_FILE = "model.yaml"
GRAPH_FILE = "model.onnx"

MAX_PIXELS = 178_000_000
"""No image may have more: Pillow itself refuses what has twice its MAX_IMAGE_PIXELS."""

MAX_DIMENSIONS = 8
"""So many ways to part the predictions of a model into segments: each multiplies what is kept of a window."""

MAX_SEGMENTS = 32
"""So many segments in one dimension, beside ``other``."""

ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"
]
Activation = Literal["none", "softmax", "sigmoid"]
Dtype = Literal["float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool", "string"]


class ModelSpecError(StartupError):
    """A model folder that cannot be served; the message is one line: what, where, what to do."""


class Spec(BaseModel):
    """Base of every part of a declaration: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageInput(Spec):
    """Encoded images, one instance a file, turned into one tensor of shape [N, C, H, W] or [N, H, W, C]."""

    kind: Literal["image"]
    tensor: str | None = Field(None, description="Graph input to feed; the only one where unset.")
    width: int = Field(ge=1, le=8192, description="Width in pixels that the model takes.")
    height: int = Field(ge=1, le=8192, description="Height in pixels that the model takes.")
    color: Literal["grey", "rgb"] = Field("rgb", description="Number and meaning of the channels.")
    resize: Literal["stretch", "contain", "cover"] = Field(
        "stretch", description="stretch ignores the aspect ratio, contain pads to keep it, cover crops to keep it."
    )
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = Field(
        "bilinear", description="How pixels are resampled; all but nearest antialias where they shrink."
    )
    invert: Literal["never", "always", "auto"] = Field(
        "never", description="auto inverts what is dark on light, so that the subject is light on dark."
    )
    center: Literal["none", "box", "mass"] = Field(
        "none",
        description="Before resizing, crop to what differs from the background (box); mass also puts the centre of "
        "mass in the middle, as MNIST was made.",
    )
    margin: float = Field(0.0, ge=0, lt=0.5, description="With center: free border, as a fraction of each side.")
    background: int = Field(
        0,
        ge=0,
        le=255,
        description="Grey level of padding and behind transparency. With invert auto, black or white is put behind "
        "transparency, whichever the subject stands out from.",
    )
    scale: float = Field(
        1 / 255, allow_inf_nan=False, description="Factor on the 0 to 255 pixel values, before mean and std."
    )
    mean: tuple[float, ...] = Field((), description="Per channel, subtracted after scale.")
    std: tuple[float, ...] = Field((), description="Per channel, divided by after mean.")
    layout: Literal["NCHW", "NHWC", "NHW"] = Field("NCHW", description="Order of axes; NHW has no channels.")
    dtype: Dtype = Field("float32", description="Element type; integers are rounded and clipped, bool is half and up.")
    max_pixels: int = Field(
        40_000_000,
        ge=1,
        le=MAX_PIXELS,
        description="Larger images, and more in one request, are refused before decoding.",
    )

    @model_validator(mode="after")
    def _per_channel(self) -> Self:
        channels = 1 if self.color == "grey" else 3
        for name in ("mean", "std"):
            values = getattr(self, name)
            if values and len(values) != channels:
                raise ValueError(f"{name} has {len(values)} values, color {self.color} has {channels} channels")
        if any(value == 0 for value in self.std):
            raise ValueError("std must not be 0")
        if self.layout == "NHW" and channels != 1:
            raise ValueError("layout NHW needs color grey")
        if self.dtype == "string":
            raise ValueError("dtype string is for table tensors only")
        if self.margin and self.center == "none":
            raise ValueError("margin needs center box or mass")
        return self


class ColumnSpec(Spec):
    """A column of a table: what is valid, how it is encoded, what of it may be recorded."""

    name: str = Field(min_length=1, description="Key in a row.")
    dtype: Literal["number", "integer", "category", "boolean", "text"] = Field(
        description="integer is whole and within 2^53; category and text are texts."
    )
    description: str = Field("", description="One line for people.")
    unit: str = Field("", description="Unit for people, e.g. km.")
    minimum: float | None = Field(None, description="Lowest valid value.")
    maximum: float | None = Field(None, description="Highest valid value.")
    categories: tuple[str, ...] = Field((), description="Valid values of a category.")
    nullable: bool = Field(False, description="Whether null or an absent key is valid.")
    default: bool | float | str | None = Field(
        None,
        description="What a missing value is fed as. Where unset: all 0 for one_hot, -1 for ordinal, an empty text; a "
        "nullable number, integer or boolean needs one.",
    )
    on_violation: Literal["reject", "record"] = Field(
        "reject",
        description="Whether a value outside minimum, maximum or categories fails the request or is only recorded.",
    )
    encode: Literal["none", "standard", "minmax", "one_hot", "ordinal"] = Field(
        "none",
        description="standard: (x - mean) / std. minmax: (x - minimum) / (maximum - minimum). one_hot: one 0/1 a "
        "category, all 0 for an unknown one. ordinal: index in categories, -1 for an unknown one.",
    )
    mean: float = Field(0.0, allow_inf_nan=False, description="With encode standard.")
    std: float = Field(1.0, gt=0, allow_inf_nan=False, description="With encode standard.")
    record: Literal["value", "hash", "none"] | None = Field(
        None, description="What spans may carry of it; value for numbers, categories and booleans, none for text."
    )

    @property
    def recorded(self) -> Literal["value", "hash", "none"]:
        """What spans may carry of this column, with the default for its dtype."""
        return self.record or ("none" if self.dtype == "text" else "value")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.encode in ("one_hot", "ordinal") and not self.categories:
            raise ValueError(f"column {self.name}: encode {self.encode} needs categories")
        if self.encode == "minmax" and (self.minimum is None or self.maximum is None or self.minimum >= self.maximum):
            raise ValueError(f"column {self.name}: encode minmax needs minimum below maximum")
        if self.dtype not in ("number", "integer") and self.encode in ("standard", "minmax"):
            raise ValueError(f"column {self.name}: encode {self.encode} needs a number, dtype is {self.dtype}")
        if self.dtype not in ("category", "integer") and (self.categories or self.encode in ("one_hot", "ordinal")):
            raise ValueError(f"column {self.name}: categories need dtype category or integer, dtype is {self.dtype}")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"column {self.name}: categories hold one twice")
        return self

    @model_validator(mode="after")
    def _default_is_valid(self) -> Self:
        if self.default is None:
            is_fed_as_is = self.encode not in ("one_hot", "ordinal")
            if self.nullable and self.dtype in ("number", "integer", "boolean") and is_fed_as_is:
                raise ValueError(f"column {self.name}: nullable {self.dtype} needs a default")
            return self
        is_number = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        fits = {
            "number": is_number and math.isfinite(float(self.default)) if is_number else False,
            "integer": is_number and float(self.default).is_integer() if is_number else False,
            "boolean": isinstance(self.default, bool),
            "category": isinstance(self.default, str),
            "text": isinstance(self.default, str),
        }
        if not fits[self.dtype]:
            raise ValueError(f"column {self.name}: default {self.default!r} is no {self.dtype}")
        return self

    @property
    def is_text(self) -> bool:
        """Whether it is fed as text, so that it needs a tensor of dtype string."""
        return self.dtype in ("category", "text") and self.encode == "none"


class TableTensor(Spec):
    """A graph input of shape [N, F] made of encoded columns side by side."""

    name: str = Field(description="Graph input to feed.")
    dtype: Dtype = Field("float32", description="Element type; string for columns that are fed as text.")
    columns: tuple[str, ...] = Field(min_length=1, description="Names of columns, in order.")


class TableInput(Spec):
    """Rows of named columns, one instance a row."""

    kind: Literal["table"]
    columns: tuple[ColumnSpec, ...] = Field(min_length=1, description="Every key that a row may have.")
    tensors: tuple[TableTensor, ...] = Field(
        (),
        description="How columns make up graph inputs; unset: all columns in order, as float32, into the only one.",
    )

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        columns = {column.name: column for column in self.columns}
        if len(columns) != len(self.columns):
            raise ValueError("columns have the same name twice")
        if len({tensor.name for tensor in self.tensors}) != len(self.tensors):
            raise ValueError("tensors have the same name twice")
        for tensor in self.tensors:
            for name in tensor.columns:
                if name not in columns:
                    raise ValueError(f"tensor {tensor.name}: column {name} is not declared")
                if columns[name].is_text != (tensor.dtype == "string"):
                    raise ValueError(
                        f"tensor {tensor.name}: dtype is {tensor.dtype}, column {name} is fed as "
                        f"{'text' if columns[name].is_text else 'a number'}; change the dtype, or the column's encode"
                    )
        if not self.tensors and any(column.is_text for column in self.columns):
            raise ValueError("a column is fed as text: declare tensors, one of them with dtype string, or an encode")
        return self


class TensorSpec(Spec):
    """A graph input or output as the Open Inference Protocol describes it."""

    name: str = Field(description="Name in the graph.")
    datatype: Datatype = Field(description="As the Open Inference Protocol names it.")
    shape: tuple[int, ...] = Field(description="Extents; -1 where any will do.")
    minimum: float | None = Field(None, description="Lowest valid element.")
    maximum: float | None = Field(None, description="Highest valid element.")

    @model_validator(mode="after")
    def _extents(self) -> Self:
        if any(extent < 1 and extent != -1 for extent in self.shape):
            raise ValueError(f"tensor {self.name}: extents are -1, or 1 and more, shape is {list(self.shape)}")
        return self


class TensorInput(Spec):
    """Tensors as the graph takes them."""

    kind: Literal["tensor"]
    tensors: tuple[TensorSpec, ...] = Field(min_length=1, description="Every input of the graph.")
    batched: bool = Field(
        True,
        description="Whether axis 0 of every tensor counts instances; if not, a request is one instance that holds "
        "the whole tensors.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({tensor.name for tensor in self.tensors}) != len(self.tensors):
            raise ValueError("tensors have the same name twice")
        for tensor in self.tensors:
            if self.batched and not tensor.shape:
                raise ValueError(f"tensor {tensor.name}: has no axis to count instances on; set batched: false")
        return self


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


class SegmentSpec(Spec):
    """A dimension by which quality is also kept apart, in segments that are known beforehand.

    The segments of a category column are its first 32 categories, those of a boolean ``false`` and ``true``, and those
    of a number what lies between edges: ``edges: [28, 64]`` makes ``..28``, ``28..64`` and ``64..``, where an edge
    belongs to the segment above it. What is in none of them, or missing, is in ``other``.
    """

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="Name of the dimension, in reports and contracts."
    )
    column: str | None = Field(None, description="Column of a table whose values make the segments; recorded by value.")
    image: Literal["size"] | None = Field(
        None, description="Of an image, size is the smaller of its width and height in pixels, as sent."
    )
    edges: Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(max_length=MAX_SEGMENTS - 1)] = (
        Field((), description="Where numbers and sizes are parted, ascending.")
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.column is None) == (self.image is None):
            raise ValueError(f"segment {self.name}: expected either column or image")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError(f"segment {self.name}: edges must ascend")
        if self.image and not self.edges:
            raise ValueError(f"segment {self.name}: image needs edges")
        return self

    def check_fits(self, given: "ImageInput | TableInput | TensorInput") -> None:
        """ValueError where the input of the model has no such thing, or may not record it."""
        kind = "image" if self.image else "table"
        if given.kind != kind:
            raise ValueError(f"segment {self.name}: needs an input of kind {kind}, that of the model is {given.kind}")
        if isinstance(given, TableInput):
            column = next((column for column in given.columns if column.name == self.column), None)
            if column is None:
                raise ValueError(f"segment {self.name}: column {self.column} is not declared")
            self._check_column(column)

    def _check_column(self, column: ColumnSpec) -> None:
        if column.recorded != "value":
            raise ValueError(
                f"segment {self.name}: column {column.name} has record {column.recorded}; segments need record value"
            )
        is_number = column.dtype in ("number", "integer")
        if self.edges and not is_number:
            raise ValueError(f"segment {self.name}: edges need a number, column {column.name} is {column.dtype}")
        if not self.edges and not column.categories and column.dtype != "boolean":
            needed = "edges" if is_number else "a column with categories"
            raise ValueError(f"segment {self.name}: column {column.name} is {column.dtype}: expected {needed}")


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


def parse_model_spec(path: Path) -> ModelSpec:
    """Read one ``model.yaml``; :class:`ModelSpecError` names the file and the key that is wrong."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelSpecError(f"{path}: no such file; write one or run `hallmark models add PATH.onnx`") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelSpecError(f"{path}: is not YAML in UTF-8: {' '.join(str(error).split())}") from None
    try:
        spec = ModelSpec.model_validate(document)
    except ValidationError as error:
        raise ModelSpecError(f"{path}: {sentence_of(error, ModelSpec)}; see docs/model-yaml.md") from None
    if spec.name != path.parent.name:
        raise ModelSpecError(f"{path}: name is {spec.name!r} but the folder is {path.parent.name!r}; make them equal")
    return spec


def versions_of(folder: Path) -> tuple[str, ...]:
    """Versions in a model folder: every sub-folder that holds a ``model.onnx``, numbers in numeric order."""
    found = [path.parent.name for path in folder.glob(f"*/{GRAPH_FILE}")]
    return tuple(
        sorted(found, key=lambda version: (not version.isdigit(), int(version) if version.isdigit() else 0, version))
    )


def check_graph_file(path: Path) -> None:
    """:class:`ModelSpecError` where a graph is not there or may not be read."""
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise ModelSpecError(f"{path}: no such file; put the graph of version {path.parent.name} there") from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> ModelSpecError:
    """What to say of a file or folder that is there and cannot be read."""
    return ModelSpecError(f"{path}: cannot be read: {(error.strerror or 'unknown error').lower()}; check what it is")


def load_models(models_dir: Path) -> dict[str, ModelSpec]:
    """Every model under a folder, by name; :class:`ModelSpecError` for the first that cannot be served."""
    if not models_dir.is_dir():
        raise ModelSpecError(
            f"{models_dir}: no such folder; set HALLMARK_MODELS_DIR to the folder that holds the models"
        )
    try:
        folders = [path for path in sorted(models_dir.iterdir()) if path.is_dir()]
    except OSError as error:
        raise unreadable(models_dir, error) from None
    specs = [parse_model_spec(path / MODEL_FILE) for path in folders if not path.name.startswith((".", "_"))]
    for spec in specs:
        check_graph_file(models_dir / spec.name / spec.default_version / GRAPH_FILE)
    if not specs:
        raise ModelSpecError(f"{models_dir}: holds no model; add one with `hallmark models add PATH.onnx`")
    return {spec.name: spec for spec in specs}
