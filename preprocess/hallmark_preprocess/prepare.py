"""From a request to the tensors of a model: decode, validate, transform.

What is learned of the data goes to a :class:`DataReport` on the way, so that it is known even where the request is
refused. These functions block; :mod:`.offload` decides where they run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from google.protobuf import struct_pb2
from numpy.typing import NDArray
from opentelemetry.util.types import AttributeValue

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.qoa.v1 import quality_pb2
from hallmark_common import attributes
from hallmark_common.errors import HallmarkError, invalid, too_large
from hallmark_common.model_spec import ImageInput, TableInput, TableTensor, TensorInput
from hallmark_common.profile import IMAGE_MEASURES, Profile
from hallmark_preprocess import distance, quality, tensor
from hallmark_preprocess.catalog import ServedModel
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.image import flatten, to_tensor
from hallmark_preprocess.image_decode import TOO_LARGE, Picture, decode_image, open_image
from hallmark_preprocess.image_measure import measure_image
from hallmark_preprocess.json_instances import FIELD, check_count, image_files, parse_instances
from hallmark_preprocess.steps import Steps
from hallmark_preprocess.table import Cell, check_table
from hallmark_preprocess.table_encode import encode_table

ONLY_INPUT = ""
"""Name of a tensor for the only input of the graph, where ``model.yaml`` does not name it."""

_FORMS = {"image": "images", "table": "table", "tensor": "tensors"}


@dataclass(frozen=True)
class Limits:
    """What a request may hold at most."""

    max_instances: int
    max_tensor_bytes: int


@dataclass(frozen=True)
class Prepared:
    """Tensors by graph input, and how many instances they hold."""

    tensors: Mapping[str, NDArray[Any]]
    instances: int


@dataclass
class DataReport:
    """What is known of the data of one request so far."""

    findings: Findings = field(default_factory=Findings)
    data: quality_pb2.DataQuality = field(default_factory=quality_pb2.DataQuality)
    recorded: Sequence[str] = ()

    def quality(self) -> quality_pb2.DataQuality:
        """Data quality with the violations found."""
        known = quality_pb2.DataQuality()
        known.CopyFrom(self.data)
        known.violations.extend(self.findings.violations())
        return known

    def span_attributes(self) -> dict[str, AttributeValue]:
        """The same, and the recorded values, as attributes of the stage span."""
        recorded = {attributes.DATA_VALUES: list(self.recorded)} if self.recorded else {}
        return {**quality.data_attributes(self.quality()), **recorded}

    def compare(self, profile: Profile | None, columns: Mapping[str, Sequence[Cell]]) -> None:
        """Measure the distance from the reference profile, where there is one."""
        if profile is None:
            return
        distance.find_departures(profile, columns, self.findings)
        measured = distance.distance(profile, columns)
        if measured is not None:
            self.data.distance = measured


@dataclass(frozen=True)
class Preparation:
    """One request on its way to tensors."""

    model: ServedModel
    given: preprocess_pb2.Input
    limits: Limits
    report: DataReport
    steps: Steps

    def run(self) -> Prepared:
        """The tensors.

        Raises:
            HallmarkError: INVALID_ARGUMENT naming the field; RESOURCE_EXHAUSTED for more than is taken at once.
        """
        spec = self.model.spec.input
        form, wanted = self.given.WhichOneof("kind"), _FORMS[spec.kind]
        try:
            if form not in (wanted, "json"):
                raise invalid("input", f"{wanted} or json for model {self.model.spec.name}", form or "nothing")
            if isinstance(spec, ImageInput):
                return self._images(spec)
            return self._table(spec) if isinstance(spec, TableInput) else self._tensors(spec)
        except HallmarkError:
            if not self.report.findings.violations():
                self.report.findings.add("type", FIELD)
            raise

    def _images(self, spec: ImageInput) -> Prepared:
        findings, data = self.report.findings, self.report.data
        with self.steps.measure(attributes.SPAN_DECODE):
            files = image_files(self._json()) if self._is_json() else self.given.images.files
            data.instances = self._counted(len(files))
            self._check_bytes(len(files) * tensor_bytes(spec))
            pictures = _decode(spec, files, _names(len(files), is_json=self._is_json()), findings)
        with self.steps.measure(attributes.SPAN_VALIDATE):
            flat = [flatten(picture.pixels, spec) for picture in pictures]
            seen = (spec.width, spec.height)
            measured = [measure_image(*pair, seen) for pair in zip(pictures, flat, strict=True)]
            data.image.CopyFrom(measured[0])
            self.report.compare(
                self.model.profile, {name: [getattr(image, name) for image in measured] for name in IMAGE_MEASURES}
            )
        with self.steps.measure(attributes.SPAN_TRANSFORM):
            array = np.stack([to_tensor(image, spec) for image in flat])
        return Prepared({spec.tensor or ONLY_INPUT: array}, len(files))

    def _table(self, spec: TableInput) -> Prepared:
        findings, data = self.report.findings, self.report.data
        with self.steps.measure(attributes.SPAN_DECODE):
            rows = self._json() if self._is_json() else [struct_to_row(row) for row in self.given.table.rows]
            data.instances = self._counted(len(rows))
        with self.steps.measure(attributes.SPAN_VALIDATE):
            table = check_table(spec, rows, findings)
            data.missing_ratio = table.missing_ratio
            self.report.recorded = quality.recorded_values(spec.columns, table)
            self.report.compare(self.model.profile, table.columns)
            findings.raise_rejected()
        with self.steps.measure(attributes.SPAN_TRANSFORM):
            every = TableTensor(name=ONLY_INPUT, dtype="float32", columns=tuple(column.name for column in spec.columns))
            arrays = encode_table(spec, table, spec.tensors or (every,), findings)
            self._check_bytes(sum(array.nbytes for array in arrays.values()))
        return Prepared(arrays, table.rows)

    def _tensors(self, spec: TensorInput) -> Prepared:
        with self.steps.measure(attributes.SPAN_DECODE):
            if self._is_json():
                arrays = tensor.arrays_from_json(spec, self._json())
            else:
                arrays = tensor.arrays_from_messages(spec, self.given.tensors.tensors)
        with self.steps.measure(attributes.SPAN_VALIDATE):
            tensor.check_arrays(spec, arrays, self.limits.max_instances, self.report.findings)
            self.report.data.instances = tensor.count_instances(spec, arrays)
            self._check_bytes(sum(array.nbytes for array in arrays.values()))
        return Prepared(arrays, self.report.data.instances)

    def _is_json(self) -> bool:
        return self.given.HasField("json")

    def _json(self) -> list[object]:
        return parse_instances(self.given.json, self.limits.max_instances)

    def _counted(self, instances: int) -> int:
        check_count(instances, self.limits.max_instances)
        return instances

    def _check_bytes(self, size: int) -> None:
        if size > self.limits.max_tensor_bytes:
            raise too_large(FIELD, f"{self.limits.max_tensor_bytes} bytes as tensors; send fewer at once", f"{size}")


def tensor_bytes(spec: ImageInput) -> int:
    """Bytes of the tensor of one image."""
    return spec.width * spec.height * (1 if spec.color == "grey" else 3) * np.dtype(spec.dtype).itemsize


def struct_to_row(row: struct_pb2.Struct) -> dict[str, object]:
    """A row as JSON would give it; of a nested list or object only that it is one."""
    return {name: _plain(value) for name, value in row.fields.items()}


def _plain(value: struct_pb2.Value) -> object:
    kind = value.WhichOneof("kind")
    if kind is None or kind == "null_value":
        return None
    if kind == "struct_value":
        return {}
    return [] if kind == "list_value" else getattr(value, kind)


def _names(count: int, *, is_json: bool) -> list[str]:
    """What an error calls each image: as it was sent."""
    if is_json:
        return [f"{FIELD}[{index}].b64" for index in range(count)]
    return ["image"] if count == 1 else [f"image[{index}]" for index in range(count)]


def _decode(spec: ImageInput, files: Sequence[bytes], names: Sequence[str], findings: Findings) -> list[Picture]:
    """Pictures; together they have at most ``max_pixels`` pixels, since all of them are in memory at once."""
    try:
        opened = [open_image(data, name, spec.max_pixels) for data, name in zip(files, names, strict=True)]
        pixels = sum(image.width * image.height for image in opened)
        if pixels > spec.max_pixels:
            raise too_large(FIELD, f"{spec.max_pixels} pixels in all images; send fewer at once", f"{pixels}")
        return [decode_image(image, name) for image, name in zip(opened, names, strict=True)]
    except HallmarkError as error:
        findings.add(
            "type" if error.code is grpc.StatusCode.INVALID_ARGUMENT and error.reason != TOO_LARGE else "size", "image"
        )
        raise
