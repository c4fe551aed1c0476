"""From a decoded picture to the tensor that a model takes, as its ``model.yaml`` declares.

The order is fixed: fill transparency, colour, invert, centre, resize, scale, mean, std, layout, dtype.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageStat

from hallmark.qoa.v1 import quality_pb2
from hallmark_common.model_spec import ImageInput
from hallmark_preprocess.image_decode import decode_image, open_image
from hallmark_preprocess.image_measure import measure_image

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

SUBJECT_THRESHOLD = 20
"""A pixel belongs to the subject where it differs by more than this from the background: above the noise of JPEG,
below the soft edge of a pen stroke."""


def read_image(data: bytes, spec: ImageInput, field: str = "image") -> tuple[NDArray[Any], quality_pb2.ImageQuality]:
    """Decode, measure and transform one image file.

    Returns:
        The tensor of one instance (see :func:`to_tensor`) and what was measured of the image.

    Raises:
        HallmarkError: INVALID_ARGUMENT naming ``field``.
    """
    picture = decode_image(open_image(data, field, spec.max_pixels), field)
    flat = flatten(picture.pixels, spec)
    return to_tensor(flat, spec), measure_image(picture, flat, (spec.width, spec.height))


def to_tensor(flat: Image.Image, spec: ImageInput) -> NDArray[Any]:
    """Transform a picture of mode L or RGB.

    Returns:
        Shape [C, H, W] for layout NCHW, [H, W, C] for NHWC, [H, W] for NHW; dtype as declared. Integer dtypes are
        rounded and clipped to their range, bool is true from one half up.
    """
    image = flat.convert("L" if spec.color == "grey" else "RGB")
    if spec.invert == "always" or (spec.invert == "auto" and _background(image) > 127):
        image = ImageChops.invert(image)
    return _encode(_fit(image, spec), spec)


def flatten(pixels: Image.Image, spec: ImageInput) -> Image.Image:
    """The picture without its alpha channel (mode L or RGB), laid over the background."""
    if pixels.mode not in ("LA", "RGBA"):
        return pixels
    rgba = pixels.convert("RGBA")
    level = _contrasting(rgba) if spec.invert == "auto" else spec.background
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (level, level, level, 255)), rgba).convert("RGB")


def _contrasting(rgba: Image.Image) -> int:
    # Black ink on a transparent canvas would vanish on a black background, and "auto" could not tell.
    red, green, blue, alpha = ImageStat.Stat(rgba.convert("RGBa")).mean
    return 255 if alpha and (0.299 * red + 0.587 * green + 0.114 * blue) / alpha < 0.5 else 0


def _background(image: Image.Image) -> float:
    grey = np.asarray(image.convert("L"))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(border))


def _fit(image: Image.Image, spec: ImageInput) -> Image.Image:
    if spec.center == "none":
        return _resize(image, spec, spec.width, spec.height)
    width = max(1, round(spec.width * (1 - 2 * spec.margin)))
    height = max(1, round(spec.height * (1 - 2 * spec.margin)))
    subject = _resize(image.crop(_subject_box(image)), spec, width, height, pad=False)
    x, y = (spec.width - subject.width) // 2, (spec.height - subject.height) // 2
    if spec.center == "mass":
        x, y = _centre_of_mass_offset(subject, spec)
    return _paste(subject, spec, spec.width, spec.height, (x, y))


def _subject_box(image: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what differs from the background; the whole picture where nothing does."""
    grey = np.asarray(image.convert("L")).astype(np.int16)
    subject = np.abs(grey - np.int16(_background(image))) > SUBJECT_THRESHOLD
    rows, columns = np.flatnonzero(subject.any(axis=1)), np.flatnonzero(subject.any(axis=0))
    if not rows.size:
        return (0, 0, image.width, image.height)
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _centre_of_mass_offset(subject: Image.Image, spec: ImageInput) -> tuple[int, int]:
    """Where to paste so that the centre of mass comes to the middle, as far as the subject stays whole.

    As MNIST was made (LeCun, Cortes, Burges: "the images were centered in a 28x28 image by computing the center of mass
    of the pixels, and translating the image so as to position this point at the center").
    """
    mass = np.abs(np.asarray(subject.convert("L")).astype(np.float64) - spec.background)
    total = float(mass.sum())
    if not total:
        return ((spec.width - subject.width) // 2, (spec.height - subject.height) // 2)
    centre_x = float(mass.sum(axis=0) @ (np.arange(subject.width) + 0.5)) / total
    centre_y = float(mass.sum(axis=1) @ (np.arange(subject.height) + 0.5)) / total
    return (
        min(max(round(spec.width / 2 - centre_x), 0), spec.width - subject.width),
        min(max(round(spec.height / 2 - centre_y), 0), spec.height - subject.height),
    )


def _resize(image: Image.Image, spec: ImageInput, width: int, height: int, *, pad: bool = True) -> Image.Image:
    resampling = RESAMPLING[spec.interpolation]
    if spec.resize == "stretch":
        return image.resize((width, height), resampling)
    across, down = width / image.width, height / image.height
    if spec.resize == "cover":
        factor = max(across, down)
        left, top = (image.width - width / factor) / 2, (image.height - height / factor) / 2
        box = (
            max(left, 0.0),
            max(top, 0.0),
            min(image.width - left, image.width),
            min(image.height - top, image.height),
        )
        return image.resize((width, height), resampling, box=box)
    factor = min(across, down)
    size = (
        min(width, max(1, round(image.width * factor))),
        min(height, max(1, round(image.height * factor))),
    )
    resized = image.resize(size, resampling)
    return _paste(resized, spec, width, height, ((width - size[0]) // 2, (height - size[1]) // 2)) if pad else resized


def _paste(image: Image.Image, spec: ImageInput, width: int, height: int, at: tuple[int, int]) -> Image.Image:
    if image.size == (width, height):
        return image
    colour: int | tuple[int, ...] = spec.background if image.mode == "L" else (spec.background,) * 3
    canvas = Image.new(image.mode, (width, height), colour)
    canvas.paste(image, at)
    return canvas


def _encode(image: Image.Image, spec: ImageInput) -> NDArray[Any]:
    values = np.asarray(image, dtype=np.float64) * spec.scale
    if spec.mean:
        values = values - np.array(spec.mean if values.ndim == 3 else spec.mean[0])
    if spec.std:
        values = values / np.array(spec.std if values.ndim == 3 else spec.std[0])
    if spec.layout == "NCHW":
        values = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    elif spec.layout == "NHWC" and values.ndim == 2:
        values = values[..., None]
    return np.ascontiguousarray(_cast(values, np.dtype(spec.dtype)))


def _cast(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype == np.bool_:
        return values >= 0.5
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        # int64's bounds are beyond what float64 holds exactly; pixels never come near them.
        return np.clip(np.rint(values), max(limits.min, -(2**53)), min(limits.max, 2**53)).astype(dtype)
    return values.astype(dtype)
