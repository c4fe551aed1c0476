"""Images as an input."""

from typing import Literal, Self

from pydantic import Field, model_validator

from hallmark_common.model_spec.base import Dtype, Spec

MAX_PIXELS = 178_000_000
"""No image may have more: Pillow itself refuses what has twice its MAX_IMAGE_PIXELS."""


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
