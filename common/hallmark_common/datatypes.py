"""The datatypes of the Open Inference Protocol v2 in numpy, once for all services."""

from typing import Any

import numpy as np

from hallmark_common.model_spec import Datatype

BYTES = np.dtype(object)
"""Elements of BYTES have no fixed size; whether they are ``bytes`` or ``str`` is said where arrays are made."""

DTYPES: dict[Datatype, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BYTES": BYTES,
}
"""Dtype of each datatype, little-endian as raw contents are."""

DTYPE_BY_NAME: dict[str, np.dtype[Any]] = {str(name): dtype for name, dtype in DTYPES.items()}
"""The same for names that come from outside."""
