"""Bytes of an image file to an upright 8-bit picture, with every file taken for hostile.

A file is judged by its header before a pixel of it is decoded. What a decoder raises on a broken file is not
documented and differs by format, so whatever comes out of one means that the file cannot be read.
"""

import contextlib
import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile

from hallmark_common.errors import HallmarkError, invalid

TOO_LARGE = "IMAGE_TOO_LARGE"
"""Reason of the error about an image with too many pixels."""

Image.init()

# fmt: off
_DECODED_IN_PROCESS = (
    "AVIF", "BLP", "BMP", "CUR", "DCX", "DDS", "DIB", "FITS", "FLI", "FTEX", "GBR", "GIF", "ICO", "IM", "IMT", "JPEG",
    "JPEG2000", "MCIDAS", "MSP", "PCD", "PCX", "PIXAR", "PNG", "PPM", "PSD", "QOI", "SGI", "SPIDER", "SUN",
    "TGA", "TIFF", "WEBP", "XBM", "XPM", "XVTHUMB",
)
# fmt: on
FORMATS = tuple(name for name in _DECODED_IN_PROCESS if name in Image.OPEN)
"""Formats that Pillow decodes inside this process, as far as it was built with them; JPEG includes MPO. Left out: EPS
runs Ghostscript, WMF the system's renderer; BUFR, GRIB, HDF5 and MPEG are only identified; ICNS and IPTC hold another
file whose size their header does not tell."""

ICO_SIDE = 256
"""An icon is at most this wide and high; the PNG inside is decoded when the file is opened, so it is checked before."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION_TAG = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by EXIF orientation (CIPA DC-008-2019, 4.6.5.1.6)."""


@dataclass(frozen=True)
class Picture:
    """A decoded image: ``pixels`` is upright and of mode ``L``, ``LA``, ``RGB`` or ``RGBA``; the rest is as sent."""

    pixels: Image.Image
    width: int
    height: int
    mode: str
    format: str


def open_image(data: bytes, field: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header of an image file.

    Raises:
        HallmarkError: INVALID_ARGUMENT; the file is empty, of no format that is taken, or has too many pixels.
    """
    if not data:
        raise invalid(field, "an image file", "0 bytes")
    _check_icon(data, field, max_pixels)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(field, max_pixels, "far more") from None
    except Exception:
        raise invalid(
            field, "an image file (PNG, JPEG, WebP, TIFF, ...)", f"{len(data)} bytes of no known format"
        ) from None
    width, height = image.size
    if width < 1 or height < 1:
        raise invalid(field, "an image of at least 1 x 1 pixels", f"{width} x {height}")
    if width * height > max_pixels:
        raise _too_many_pixels(field, max_pixels, f"{width} x {height} = {width * height}")
    return image


def decode_image(image: ImageFile.ImageFile, field: str) -> Picture:
    """Decode the first frame of an image whose header was read by :func:`open_image`, and turn it upright.

    Raises:
        HallmarkError: INVALID_ARGUMENT; the pixels are truncated or corrupt, or of a mode that has no 8-bit form.
    """
    (width, height), mode, format_ = image.size, image.mode, image.format or ""
    try:
        image.load()
        pixels = to_8_bit(image)
        turn = UPRIGHT.get(_orientation(image))
        pixels = pixels if turn is None else pixels.transpose(turn)
    except Exception:
        raise invalid(field, f"a whole {format_} file", "one that is truncated, corrupt or of no usable mode") from None
    return Picture(pixels, width, height, mode, format_)


def to_8_bit(image: Image.Image) -> Image.Image:
    """A picture of mode ``L``, ``LA``, ``RGB`` or ``RGBA``, whatever the mode it came in.

    16-bit grey (``I;16``, and ``I``, as which Pillow reads deep PPM and TIFF) is taken as 0 to 65535. Floating point is
    taken as 0 to 1 where no pixel is above, else as 0 to 255. ``ValueError`` where there is no way.
    """
    if image.mode.startswith("I"):
        return Image.fromarray(((np.clip(np.asarray(image), 0, 65535).astype(np.uint32) + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        values = np.asarray(image)
        if not np.isfinite(values).all():
            raise ValueError("pixels are not finite")
        return Image.fromarray(np.rint(np.clip(values * (255 if values.max() <= 1 else 1), 0, 255)).astype(np.uint8))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")


def _orientation(image: Image.Image) -> int:
    # EXIF that cannot be read says nothing; the pixels are still good.
    with contextlib.suppress(Exception):
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    return 1


def _check_icon(data: bytes, field: str, max_pixels: int) -> None:
    if not data.startswith(b"\0\0\1\0"):
        return
    start = data.find(PNG_SIGNATURE)
    while start >= 0:
        header = data[start + 16 : start + 24]
        width, height = struct.unpack(">II", header) if len(header) == 8 else (0, 0)
        if max(width, height) > ICO_SIDE or width * height > max_pixels:
            raise _too_many_pixels(field, min(max_pixels, ICO_SIDE**2), f"an icon of {width} x {height}")
        start = data.find(PNG_SIGNATURE, start + 1)


def _too_many_pixels(field: str, max_pixels: int, got: str) -> HallmarkError:
    return invalid(field, f"at most {max_pixels} pixels", got, reason=TOO_LARGE)
