"""Checked columns to tensors of shape [N, F], as ``model.yaml`` declares."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hallmark_common.errors import invalid
from hallmark_common.model_spec import ColumnSpec, TableInput, TableTensor
from hallmark_preprocess.findings import NOT_FINITE, Findings
from hallmark_preprocess.table import Cell, Table

BYTES = np.dtype(object)
"""Dtype of text tensors: elements are UTF-8 ``bytes``."""


def encode_table(
    spec: TableInput, table: Table, tensors: Sequence[TableTensor], findings: Findings
) -> dict[str, NDArray[Any]]:
    """Tensors by name, each [N, F] with F the sum of the widths of its columns; dtype as declared, object for text.

    Raises:
        HallmarkError: INVALID_ARGUMENT, reason NOT_FINITE; a number does not fit the dtype of its tensor.
    """
    declared = {column.name: column for column in spec.columns}
    arrays = {
        tensor.name: np.concatenate(
            [_fitted(declared[name], table.columns[name], tensor, findings) for name in tensor.columns], axis=1
        )
        for tensor in tensors
    }
    findings.raise_rejected()
    return arrays


def _fitted(column: ColumnSpec, cells: Sequence[Cell], tensor: TableTensor, findings: Findings) -> NDArray[Any]:
    """One column as [N, width] of the tensor's dtype."""
    if tensor.dtype == "string":
        return _texts(column, cells)
    encoded = encode_column(column, cells)
    dtype = np.dtype(tensor.dtype)
    for row in np.flatnonzero(~_fits(encoded, dtype).all(axis=1)):
        error = invalid(
            f"instances[{row}].{column.name}",
            f"a number that fits {tensor.dtype}",
            "one that does not",
            reason=NOT_FINITE,
        )
        findings.reject("range", column.name, error)
    with np.errstate(over="ignore", invalid="ignore"):
        return encoded.astype(dtype)


def encode_column(column: ColumnSpec, cells: Sequence[Cell]) -> NDArray[np.float64]:
    """A column that is fed as numbers, shape [N, width]; missing values as their default."""
    filled = [column.default if cell is None else cell for cell in cells]
    if column.encode in ("one_hot", "ordinal"):
        return _categories(column, filled)
    values: NDArray[np.float64] = np.array(filled, dtype=np.float64)[:, None]
    # What leaves the range of float64 becomes infinite here and is refused where it is cast.
    with np.errstate(over="ignore"):
        if column.encode == "standard":
            return (values - column.mean) / column.std
        if column.encode == "minmax" and column.minimum is not None and column.maximum is not None:
            return (values - column.minimum) / (column.maximum - column.minimum)
    return values


def _categories(column: ColumnSpec, filled: Sequence[Cell]) -> NDArray[np.float64]:
    index: Mapping[str, int] = {category: position for position, category in enumerate(column.categories)}
    positions = np.array([-1 if cell is None else index.get(_name(cell), -1) for cell in filled])
    if column.encode == "ordinal":
        return positions.astype(np.float64)[:, None]
    one_hot: NDArray[np.float64] = (positions[:, None] == np.arange(len(index))[None]).astype(np.float64)
    return one_hot


def _name(cell: Cell) -> str:
    # The default of an integer column may be written 3.0.
    return str(int(cell)) if isinstance(cell, float) else str(cell)


def _texts(column: ColumnSpec, cells: Sequence[Cell]) -> NDArray[Any]:
    texts = np.empty((len(cells), 1), dtype=BYTES)
    for row, cell in enumerate(cells):
        texts[row, 0] = str((column.default or "") if cell is None else cell).encode()
    return texts


def _fits(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    if dtype == np.bool_:
        return np.isfinite(values)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        whole: NDArray[np.bool_] = np.isfinite(values) & (values == np.floor(values))
        # Below max + 1, since float64 rounds the maximum of 64 bits up to just that.
        return whole & (values >= float(limits.min)) & (values < float(limits.max + 1))
    with np.errstate(over="ignore", invalid="ignore"):
        finite: NDArray[np.bool_] = np.isfinite(values.astype(dtype))
        return finite
