"""Base: what the parts of a declaration share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Dtype = Literal["float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool", "string"]


class Spec(BaseModel):
    """Base of every part of a declaration: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)
