"""The models that are served: declarations, versions and reference profiles, loaded once at start."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark_common.errors import not_found
from hallmark_common.model_spec import (
    ClassesOutput,
    ColumnSpec,
    ImageInput,
    ModelSpec,
    ModelSpecError,
    ProbabilityOutput,
    TableInput,
    TensorInput,
    TensorSpec,
    load_models,
    versions_of,
)
from hallmark_common.profile import IMAGE_MEASURES, NumberProfile, Profile, load_profile

MAX_EXAMPLE = 1000
"""Elements of an example of tensors; nobody reads a longer one."""


@dataclass(frozen=True)
class ServedModel:
    """One model as it is served; ``profile`` is None where it declares no reference."""

    spec: ModelSpec
    versions: tuple[str, ...]
    profile: Profile | None = None


@dataclass(frozen=True)
class Catalog:
    """Every model by name."""

    models: Mapping[str, ServedModel]

    def find(self, name: str, version: str) -> tuple[ServedModel, str]:
        """A model and the version that answers, the default one for ""; NOT_FOUND lists what there is."""
        model = self.models.get(name)
        if model is None:
            raise not_found("model", name, self.models)
        wanted = version or model.spec.default_version
        if wanted not in model.versions:
            raise not_found("version", wanted, model.versions)
        return model, wanted

    def descriptions(self) -> list[preprocess_pb2.ModelDescription]:
        """What each model takes and gives, in order of name."""
        return [describe(self.models[name]) for name in sorted(self.models)]


def load_catalog(models_dir: Path) -> Catalog:
    """Every model under a folder; ModelSpecError for the first that cannot be served."""
    models = {}
    for name, spec in load_models(models_dir).items():
        folder = models_dir / name
        profile = load_profile(folder / spec.reference) if spec.reference else None
        if profile is not None:
            _check_profile(spec, profile, folder / str(spec.reference))
        models[name] = ServedModel(spec, versions_of(folder), profile)
    return Catalog(models)


def describe(model: ServedModel) -> preprocess_pb2.ModelDescription:
    """What a model takes and gives."""
    spec = model.spec
    description = preprocess_pb2.ModelDescription(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        default_version=spec.default_version,
        versions=model.versions,
        variant=spec.variant,
        input_kind=spec.input.kind,
        output_kind=spec.output.kind,
        labels=_labels(spec),
    )
    if isinstance(spec.input, TableInput):
        description.columns.extend(_describe_column(column) for column in spec.input.columns)
    if isinstance(spec.input, TensorInput):
        for tensor in spec.input.tensors:
            description.tensors.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
    if isinstance(spec.input, ImageInput):
        description.image_width, description.image_height = spec.input.width, spec.input.height
    if isinstance(spec.output, ProbabilityOutput):
        description.threshold, description.negative_label = spec.output.threshold, spec.output.absence
    description.example_json = _example_json(spec)
    return description


def _check_profile(spec: ModelSpec, profile: Profile, path: Path) -> None:
    expected = _profiled(spec)
    for name, column in profile.columns.items():
        if name not in expected:
            raise ModelSpecError(f"{path}: columns.{name}: not in {spec.name}'s model.yaml; build the model again")
        if isinstance(column, NumberProfile) != expected[name]:
            raise ModelSpecError(
                f"{path}: columns.{name}: kind {column.kind} does not fit model.yaml; build the model again"
            )


def _profiled(spec: ModelSpec) -> dict[str, bool]:
    """Columns that a profile may have, and whether each is a number."""
    if isinstance(spec.input, ImageInput):
        return dict.fromkeys(IMAGE_MEASURES, True)
    if isinstance(spec.input, TableInput):
        return {column.name: column.dtype in ("number", "integer") for column in spec.input.columns}
    return {}


def _labels(spec: ModelSpec) -> tuple[str, ...]:
    if isinstance(spec.output, ClassesOutput):
        return spec.output.labels
    return (spec.output.label,) if isinstance(spec.output, ProbabilityOutput) else ()


def _describe_column(column: ColumnSpec) -> preprocess_pb2.Column:
    return preprocess_pb2.Column(
        name=column.name,
        dtype=column.dtype,
        description=column.description,
        minimum=column.minimum,
        maximum=column.maximum,
        categories=column.categories,
        nullable=column.nullable,
        unit=column.unit,
    )


def _example_json(spec: ModelSpec) -> str:
    if spec.example is not None:
        return json.dumps(spec.example)
    if isinstance(spec.input, ImageInput):
        return ""
    if isinstance(spec.input, TensorInput):
        extents = [math.prod(max(extent, 1) for extent in tensor.shape) for tensor in spec.input.tensors]
        if sum(extents) > MAX_EXAMPLE:
            return ""
    return json.dumps({"instances": [_example(spec.input)]})


def _example(spec: TableInput | TensorInput) -> Any:
    if isinstance(spec, TableInput):
        return {column.name: _example_cell(column) for column in spec.columns}
    arrays = {
        tensor.name: _example_lists(tensor, tensor.shape[1:] if spec.batched else tensor.shape)
        for tensor in spec.tensors
    }
    return arrays if len(arrays) > 1 else next(iter(arrays.values()))


def _example_cell(column: ColumnSpec) -> Any:
    if column.dtype == "boolean":
        return False
    if column.categories:
        return int(column.categories[0]) if column.dtype == "integer" else column.categories[0]
    if column.dtype in ("category", "text"):
        return "text"
    bounds = [bound for bound in (column.minimum, column.maximum) if bound is not None]
    return bounds[0] if bounds else column.mean


def _example_lists(tensor: TensorSpec, shape: tuple[int, ...]) -> Any:
    """Nested lists of the lowest valid element, with 1 for every extent that is free."""
    if shape:
        return [_example_lists(tensor, shape[1:]) for _ in range(max(shape[0], 1))]
    if tensor.datatype == "BYTES":
        return "text"
    if tensor.datatype == "BOOL":
        return False
    bounds = [bound for bound in (tensor.minimum, tensor.maximum) if bound is not None]
    return (bounds or [0.0])[0] if tensor.datatype.startswith("FP") else int((bounds or [0])[0])
