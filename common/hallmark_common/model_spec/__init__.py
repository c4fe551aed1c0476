"""What a model takes and gives, as declared in ``models/<name>/model.yaml``.

The declaration is everything that Hallmark knows of a model beside its ONNX graph: no model needs code.
The JSON Schema of this file is generated from these classes into ``docs/model-yaml.schema.json``.
"""

from hallmark_common.model_spec.folder import (
    GRAPH_FILE,
    MODEL_FILE,
    ModelSpecError,
    check_graph_file,
    load_models,
    parse_model_spec,
    unreadable,
    versions_of,
)
from hallmark_common.model_spec.image import ImageInput
from hallmark_common.model_spec.model import ModelName, ModelSpec
from hallmark_common.model_spec.outputs import ClassesOutput, NumberOutput, ProbabilityOutput, RawOutput
from hallmark_common.model_spec.segment import MAX_SEGMENTS, SegmentSpec
from hallmark_common.model_spec.table import ColumnSpec, TableInput, TableTensor
from hallmark_common.model_spec.tensor import Datatype, TensorInput, TensorSpec

__all__ = [
    "GRAPH_FILE",
    "MAX_SEGMENTS",
    "MODEL_FILE",
    "ClassesOutput",
    "ColumnSpec",
    "Datatype",
    "ImageInput",
    "ModelName",
    "ModelSpec",
    "ModelSpecError",
    "NumberOutput",
    "ProbabilityOutput",
    "RawOutput",
    "SegmentSpec",
    "TableInput",
    "TableTensor",
    "TensorInput",
    "TensorSpec",
    "check_graph_file",
    "load_models",
    "parse_model_spec",
    "unreadable",
    "versions_of",
]
