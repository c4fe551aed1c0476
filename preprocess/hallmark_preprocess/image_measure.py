"""What is measured of an image before it is transformed, on its luminance.

Luminance is ITU-R 601-2 luma, ``(299 R + 587 G + 114 B) / 1000``, of the picture as the model will see it: upright and
with transparency filled, before anything is inverted or cropped.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hallmark.qoa.v1 import quality_pb2
from hallmark_preprocess.image_decode import Picture

BAND_PIXELS = 1 << 20
"""The Laplacian is taken of so many pixels at a time, so that memory does not grow with the image."""


def measure_image(picture: Picture, flat: Image.Image, seen: tuple[int, int]) -> quality_pb2.ImageQuality:
    """Measure a decoded image.

    ``flat`` is the same picture without transparency (mode L or RGB). Sharpness depends on resolution, so it is taken
    of the picture shrunk to fit ``seen``, width and height in which the model sees it: a large photo and a small scan
    of the same thing are then alike.
    """
    grey = flat.convert("L")
    brightness, contrast = brightness_and_contrast(grey)
    return quality_pb2.ImageQuality(
        width=picture.width,
        height=picture.height,
        mode=picture.mode,
        format=picture.format,
        brightness=brightness,
        contrast=contrast,
        sharpness=sharpness(np.asarray(_shrunk(grey, seen))),
    )


def brightness_and_contrast(grey: Image.Image) -> tuple[float, float]:
    """Mean and standard deviation (RMS contrast; Peli 1990, J. Opt. Soc. Am. A 7(10), eq. 3) of luminance, 0 to 1."""
    counts = np.array(grey.histogram(), dtype=np.float64)
    levels = np.arange(256) / 255.0
    mean = float(counts @ levels / counts.sum())
    return mean, math.sqrt(float(counts @ (levels - mean) ** 2 / counts.sum()))


def sharpness(grey: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of luminance (0 to 1 scale), over the pixels that have four neighbours.

    LAPV of Pertuz et al. 2013, Pattern Recognition 46(5), after Pech-Pacheco et al. 2000, ICPR vol. 3. 0 for an image
    less than 3 pixels wide or high.
    """
    height, width = grey.shape[0], grey.shape[1]
    if height < 3 or width < 3:
        return 0.0
    count, total, squares = (height - 2) * (width - 2), 0, 0
    rows = max(1, BAND_PIXELS // width)
    for top in range(1, height - 1, rows):
        laplacian = _laplacian(grey[top - 1 : min(top + rows, height - 1) + 1].astype(np.int32))
        total += int(laplacian.sum(dtype=np.int64))
        squares += int(np.square(laplacian).sum(dtype=np.int64))
    # In integers up to here, so that the variance of a flat image is exactly 0.
    variance: float = (squares * count - total * total) / (count * count)
    return variance / 255.0**2


def _shrunk(grey: Image.Image, seen: tuple[int, int]) -> Image.Image:
    factor = min(1.0, seen[0] / grey.width, seen[1] / grey.height)
    if factor == 1.0:
        return grey
    size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
    return grey.resize(size, Image.Resampling.BOX)


def _laplacian(band: NDArray[np.int32]) -> NDArray[np.int32]:
    middle = band[1:-1, 1:-1]
    return band[:-2, 1:-1] + band[2:, 1:-1] + band[1:-1, :-2] + band[1:-1, 2:] - 4 * middle
