"""Tensors as the graph takes them, from JSON lists or from raw contents, checked against ``model.yaml``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark_common.datatypes import BYTES, DTYPES
from hallmark_common.errors import HallmarkError, invalid, shown
from hallmark_common.model_spec import TensorInput, TensorSpec
from hallmark_preprocess.findings import NOT_FINITE, Findings
from hallmark_preprocess.oip_tensors import decode_raw
from hallmark_preprocess.table import described

MAX_RANK = 32
"""More axes than any model has, and few enough to descend into."""

Arrays = Mapping[str, NDArray[Any]]


def arrays_from_messages(spec: TensorInput, tensors: Sequence[preprocess_pb2.Tensor]) -> dict[str, NDArray[Any]]:
    """Arrays by input name from raw contents, of declared datatypes; shapes are not checked yet.

    Raises:
        HallmarkError: INVALID_ARGUMENT naming the tensor.
    """
    declared = {tensor.name: tensor for tensor in spec.tensors}
    arrays: dict[str, NDArray[Any]] = {}
    for index, tensor in enumerate(tensors):
        if tensor.name not in declared or tensor.name in arrays:
            wanted = f"each of {', '.join(declared)} once"
            raise invalid(f"tensors[{index}].name", wanted, shown(tensor.name))
        wanted_type = declared[tensor.name].datatype
        if tensor.datatype != wanted_type:
            raise invalid(f"tensors[{tensor.name}].datatype", wanted_type, shown(tensor.datatype))
        if len(tensor.shape) > MAX_RANK:
            raise invalid(f"tensors[{tensor.name}].shape", f"at most {MAX_RANK} axes", str(len(tensor.shape)))
        try:
            arrays[tensor.name] = decode_raw(tensor.datatype, tensor.shape, tensor.contents)
        except ValueError as error:
            got = f"{len(tensor.contents)} bytes for shape {shown(list(tensor.shape))}"
            raise invalid(f"tensors[{tensor.name}]", str(error), got) from None
    for name in declared:
        if name not in arrays:
            raise invalid(f"tensors[{name}]", "a tensor for this input", "none")
    return arrays


def arrays_from_json(spec: TensorInput, instances: Sequence[object]) -> dict[str, NDArray[Any]]:
    """Arrays by input name from instances, each nested lists or, for several inputs, an object of name to nested lists.

    Batched, the instances are stacked along a new axis 0; otherwise the one instance holds the whole tensors.

    Raises:
        HallmarkError: INVALID_ARGUMENT naming instance, input and position of what is ragged or of a wrong type.
    """
    if not spec.batched and len(instances) != 1:
        raise invalid("instances", "exactly 1 instance, this model takes whole tensors", str(len(instances)))
    parts: dict[str, list[NDArray[Any]]] = {tensor.name: [] for tensor in spec.tensors}
    for index, instance in enumerate(instances):
        for tensor, value in _by_name(spec, instance, index):
            field = f"instances[{index}]" + (f".{tensor.name}" if isinstance(instance, Mapping) else "")
            array = _from_lists(tensor, value, len(tensor.shape) - spec.batched, field)
            first = parts[tensor.name][0] if parts[tensor.name] else array
            if array.shape != first.shape:
                raise invalid(field, f"shape {list(first.shape)} like the instance before", f"{list(array.shape)}")
            parts[tensor.name].append(array)
    return {name: np.stack(arrays) if spec.batched else arrays[0] for name, arrays in parts.items()}


def count_instances(spec: TensorInput, arrays: Arrays) -> int:
    """Instances in a request: the extent of axis 0 where batched, else 1."""
    return len(arrays[spec.tensors[0].name]) if spec.batched else 1


def check_arrays(spec: TensorInput, arrays: Arrays, max_instances: int, findings: Findings) -> None:
    """Check shapes, number of instances, finiteness and declared bounds; what is wrong goes to ``findings``."""
    for tensor in spec.tensors:
        array = arrays[tensor.name]
        if problem := _shape_problem(tensor, array.shape):
            findings.reject("size", tensor.name, problem)
        elif array.dtype != BYTES:
            _check_elements(tensor, array, findings)
        else:
            _check_texts(tensor, array, findings)
    findings.raise_rejected()
    if not spec.batched:
        return
    count = count_instances(spec, arrays)
    if count > max_instances:
        findings.reject("size", "instances", invalid("instances", f"at most {max_instances}", str(count)))
    for name, array in arrays.items():
        if len(array) != count:
            error = invalid(f"tensors[{name}].shape", f"{count} instances on axis 0 as in the others", str(len(array)))
            findings.reject("size", name, error)
    findings.raise_rejected()


def _shape_problem(tensor: TensorSpec, shape: tuple[int, ...]) -> HallmarkError | None:
    fits = len(shape) == len(tensor.shape) and all(
        extent >= 1 and declared in (-1, extent) for extent, declared in zip(shape, tensor.shape, strict=True)
    )
    if fits:
        return None
    expected = f"shape {list(tensor.shape)}, where -1 is any extent from 1 up"
    return invalid(f"tensors[{tensor.name}].shape", expected, shown(list(shape)))


def _check_elements(tensor: TensorSpec, array: NDArray[Any], findings: Findings) -> None:
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        where = _position(tensor, ~np.isfinite(array))
        error = invalid(where, "finite numbers", "NaN or infinity", reason=NOT_FINITE)
        findings.reject("type", tensor.name, error)
        return
    low = -math.inf if tensor.minimum is None else tensor.minimum
    high = math.inf if tensor.maximum is None else tensor.maximum
    outside = (array < low) | (array > high)
    if outside.any():
        error = invalid(_position(tensor, outside), f"elements from {low:g} to {high:g}", "one outside")
        findings.reject("range", tensor.name, error)


def _check_texts(tensor: TensorSpec, array: NDArray[Any], findings: Findings) -> None:
    for position, element in enumerate(array.flat):
        try:
            element.decode()
        except UnicodeDecodeError:
            error = invalid(f"tensors[{tensor.name}]", "elements in UTF-8", f"other bytes in element {position}")
            findings.reject("type", tensor.name, error)
            return


def _position(tensor: TensorSpec, wrong: NDArray[np.bool_]) -> str:
    index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return f"tensors[{tensor.name}]" + "".join(f"[{int(axis)}]" for axis in index)


def _by_name(spec: TensorInput, instance: object, index: int) -> Iterator[tuple[TensorSpec, object]]:
    names = [tensor.name for tensor in spec.tensors]
    if not isinstance(instance, Mapping):
        if len(names) > 1:
            raise invalid(f"instances[{index}]", f"an object with {', '.join(names)}", described(instance))
        yield spec.tensors[0], instance
        return
    for name in instance:
        if name not in names:
            raise invalid(f"instances[{index}].{shown(name)[1:-1]}", f"one of {', '.join(names)}", "an unknown input")
    for tensor in spec.tensors:
        if tensor.name not in instance:
            raise invalid(f"instances[{index}].{tensor.name}", "nested lists for this input", "nothing")
        yield tensor, instance[tensor.name]


def _from_lists(tensor: TensorSpec, value: object, rank: int, field: str) -> NDArray[Any]:
    """Nested lists of exactly this depth as an array."""
    shape = _first_shape(value, rank)
    return _array(tensor, _elements(value, shape, field), field).reshape(shape)


def _first_shape(value: object, rank: int) -> tuple[int, ...]:
    """The shape that the first element of every list suggests; 0 where there is no list."""
    shape: list[int] = []
    for _ in range(rank):
        shape.append(len(value) if isinstance(value, list) else 0)
        value = value[0] if isinstance(value, list) and value else None
    return tuple(shape)


def _elements(value: object, shape: tuple[int, ...], field: str) -> list[object]:
    """Elements of nested lists of exactly this shape, in row-major order."""
    if not shape:
        return [_leaf(value, field)]
    if not isinstance(value, list):
        raise invalid(field, f"{len(shape)} more levels of lists", described(value))
    if not value or len(value) != shape[0]:
        raise invalid(field, f"a list of {shape[0]} elements" if shape[0] else "at least 1 element", str(len(value)))
    if len(shape) > 1:
        nested = (_elements(item, shape[1:], f"{field}[{index}]") for index, item in enumerate(value))
        return [element for elements in nested for element in elements]
    return [_leaf(item, field) for item in value]


def _leaf(value: object, field: str) -> object:
    if isinstance(value, list | Mapping):
        raise invalid(field, "an element, not more levels", described(value))
    return value


def _array(tensor: TensorSpec, elements: Sequence[object], field: str) -> NDArray[Any]:
    dtype = DTYPES[tensor.datatype]
    allowed = _json_types(dtype)
    for position, element in enumerate(elements):
        if type(element) not in allowed:
            wanted = f"{tensor.datatype} elements ({' or '.join(kind.__name__ for kind in allowed)})"
            raise invalid(field, wanted, f"{described(element)} as element {position}")
    if dtype == BYTES:
        return _texts([cast(str, element) for element in elements], field)
    try:
        with np.errstate(over="ignore"):
            array = np.array(elements, dtype=dtype)
    except OverflowError:
        raise invalid(field, f"numbers that fit {tensor.datatype}", "one that does not", reason=NOT_FINITE) from None
    if np.issubdtype(dtype, np.floating) and not np.isfinite(array).all():
        raise invalid(field, f"finite numbers that fit {tensor.datatype}", "another", reason=NOT_FINITE)
    return array


def _json_types(dtype: np.dtype[Any]) -> tuple[type, ...]:
    if dtype == BYTES:
        return (str,)
    if dtype == np.bool_:
        return (bool,)
    return (int,) if np.issubdtype(dtype, np.integer) else (int, float)


def _texts(elements: Sequence[str], field: str) -> NDArray[Any]:
    array = np.empty(len(elements), dtype=BYTES)
    try:
        for index, element in enumerate(elements):
            array[index] = element.encode()
    except UnicodeEncodeError:
        raise invalid(field, "texts without lone surrogates", "another") from None
    return array
