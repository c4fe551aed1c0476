"""Files of every format and mode, upright and 8-bit; what cannot be read is refused."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hallmark_common.errors import HallmarkError
from hallmark_preprocess.image import flatten, read_image
from hallmark_preprocess.image_decode import FORMATS, Picture, decode_image, open_image, to_8_bit

NOT_IN_PNG = {("I", "PNG"), ("F", "PNG")}
PIXELS = np.array([[0, 40, 80], [120, 160, 255]], dtype=np.uint8)


def decode(data: bytes, max_pixels: int = 1 << 20) -> Picture:
    return decode_image(open_image(data, "image", max_pixels), "image")


def refusal(data: bytes, max_pixels: int = 1 << 20) -> HallmarkError:
    with pytest.raises(HallmarkError) as caught:
        decode(data, max_pixels)
    assert caught.value.metadata["field"] == "image"
    return caught.value


def grey(picture: Picture) -> np.ndarray[Any, Any]:
    return np.asarray(picture.pixels.convert("L"))


@pytest.mark.parametrize("format_", ["PNG", "BMP", "GIF", "TIFF", "PCX", "PPM", "TGA", "SGI", "DIB"])
def test_lossless_formats_give_the_same_grey_pixels(encode: Any, format_: str) -> None:
    picture = decode(encode(Image.fromarray(PIXELS), format_))
    assert grey(picture).tolist() == PIXELS.tolist()
    assert (picture.width, picture.height) == (3, 2)


@pytest.mark.parametrize(
    "format_", ["PNG", "BMP", "TIFF", "PPM", "TGA", "SGI", "QOI", "DDS", "WEBP", "JPEG2000", "AVIF"]
)
def test_formats_give_the_same_colours(encode: Any, format_: str) -> None:
    colours = np.full((16, 16, 3), (200, 100, 50), dtype=np.uint8)
    colours[:, 8:] = (10, 20, 250)
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(format_, {})
    picture = decode(encode(Image.fromarray(colours), format_, **options))
    tolerance = 3 if format_ == "AVIF" else 0
    found = np.asarray(picture.pixels.convert("RGB")).astype(int)
    assert np.abs(found - colours).max() <= tolerance


def test_jpeg_and_cmyk_are_near(encode: Any) -> None:
    colours = Image.new("RGB", (16, 16), (200, 100, 50))
    for image in (colours, colours.convert("CMYK"), colours.convert("YCbCr")):
        picture = decode(encode(image, "JPEG", quality=95))
        assert np.abs(np.asarray(picture.pixels).astype(int) - (200, 100, 50)).max() <= 6
        assert picture.format == "JPEG"


def test_icons_are_read_and_their_hidden_bombs_are_not(encode: Any) -> None:
    icon = encode(Image.new("RGB", (16, 16), (9, 8, 7)), "ICO")
    assert decode(icon).pixels.convert("RGB").getpixel((3, 3)) == (9, 8, 7)
    bomb = png_header(2000, 2000)
    directory = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(bomb), 22)
    assert refusal(directory + bomb).reason == "IMAGE_TOO_LARGE"


# (image, what it is as grey) for every mode that can be made.
def modes() -> dict[str, tuple[Image.Image, Any]]:
    palette = Image.fromarray(PIXELS).convert("P")
    wide = Image.fromarray(PIXELS.astype(np.uint16) * 257)
    return {
        "L": (Image.fromarray(PIXELS), PIXELS),
        "1": (Image.fromarray(PIXELS > 100), (PIXELS > 100) * 255),
        "P": (palette, PIXELS),
        "I;16": (wide, PIXELS),
        "I": (Image.fromarray(PIXELS.astype(np.int32) * 257), PIXELS),
        "F": (Image.fromarray(PIXELS.astype(np.float32) / 255), PIXELS),
        "RGB": (Image.fromarray(np.dstack([PIXELS] * 3)), PIXELS),
        "LA": (Image.merge("LA", [Image.fromarray(PIXELS), Image.new("L", (3, 2), 255)]), PIXELS),
        "RGBA": (Image.merge("RGBA", [Image.fromarray(PIXELS)] * 3 + [Image.new("L", (3, 2), 255)]), PIXELS),
    }


@pytest.mark.parametrize(
    ("mode", "format_"),
    [(mode, format_) for mode in modes() for format_ in ("PNG", "TIFF") if (mode, format_) not in NOT_IN_PNG],
)
def test_modes_become_8_bit(encode: Any, mode: str, format_: str) -> None:
    image, expected = modes()[mode]
    assert image.mode == mode
    picture = decode(encode(image, format_))
    assert grey(picture).tolist() == np.asarray(expected).tolist()


def test_floating_point_above_one_is_0_to_255() -> None:
    assert np.asarray(to_8_bit(Image.fromarray(np.array([[0.0, 99.6, 300.0]], np.float32)))).tolist() == [[0, 100, 255]]


def test_16_bit_is_rounded_not_cut() -> None:
    wide = Image.fromarray(np.array([[0, 128, 129, 65535, 32768]], np.uint16))
    assert np.asarray(to_8_bit(wide)).tolist() == [[0, 0, 1, 255, 128]]


@pytest.mark.parametrize("background", [0, 255, 100])
@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "RGB+key"])
def test_alpha_is_laid_over_the_background(encode: Any, image_spec: Any, mode: str, background: int) -> None:
    rgba = Image.new("RGBA", (2, 1), (200, 200, 200, 255))
    rgba.putpixel((1, 0), (0, 0, 0, 0))
    options: dict[str, Any] = {}
    image: Image.Image = rgba
    if mode == "P":
        image, options = Image.new("P", (2, 1)), {"transparency": 1}
        image.putpalette([200, 200, 200, 0, 0, 0])
        image.putpixel((1, 0), 1)
    elif mode == "RGB+key":
        image, options = rgba.convert("RGB"), {"transparency": (0, 0, 0)}
    elif mode == "LA":
        image = rgba.convert("LA")
    picture = decode(encode(image, **options))
    flat = flatten(picture.pixels, image_spec(background=background)).convert("L")
    assert np.asarray(flat).tolist() == [[200, background]]


def test_half_transparent_is_half_of_each(encode: Any, image_spec: Any) -> None:
    picture = decode(encode(Image.new("RGBA", (1, 1), (255, 255, 255, 128))))
    assert flatten(picture.pixels, image_spec(background=0)).convert("L").getpixel((0, 0)) == 128


@pytest.mark.parametrize(("ink", "behind"), [(0, 255), (255, 0)])
def test_auto_puts_transparent_ink_on_what_contrasts(encode: Any, image_spec: Any, ink: int, behind: int) -> None:
    canvas = Image.new("RGBA", (3, 3), (0, 0, 0, 0))
    canvas.putpixel((1, 1), (ink, ink, ink, 255))
    flat = flatten(decode(encode(canvas)).pixels, image_spec(invert="auto")).convert("L")
    assert flat.getpixel((1, 1)) == ink
    assert flat.getpixel((0, 0)) == behind


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_turns_pixels_upright(encode: Any, orientation: int, format_: str) -> None:
    upright = PIXELS
    # What a camera stores for this orientation: the inverse of what a viewer must do (CIPA DC-008, 4.6.5.1.6).
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format_ == "WEBP" else {}
    picture = decode(encode(Image.fromarray(np.ascontiguousarray(stored)), format_, exif=exif, **options))
    assert grey(picture).tolist() == upright.tolist()


def test_exif_that_is_garbage_changes_nothing(encode: Any) -> None:
    data = encode(Image.fromarray(PIXELS), exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    assert grey(decode(data)).tolist() == PIXELS.tolist()


@pytest.mark.parametrize("format_", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_many_frames_the_first_counts(encode: Any, format_: str) -> None:
    options = {"lossless": True} if format_ == "WEBP" else {}
    data = encode(
        Image.new("L", (5, 4), 10), format_, save_all=True, append_images=[Image.new("L", (5, 4), 240)], **options
    )
    assert set(grey(decode(data)).ravel().tolist()) == {10}


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to nothing in it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@pytest.mark.parametrize(
    ("width", "height"), [(1025, 1024), (100_000, 100_000), (2**31 - 1, 2**31 - 1), (1, 2**30), (14_000, 10_000)]
)
def test_bombs_are_refused_by_their_header(width: int, height: int) -> None:
    assert refusal(png_header(width, height)).reason == "IMAGE_TOO_LARGE"


def test_the_limit_itself_is_allowed(encode: Any) -> None:
    data = encode(Image.new("L", (32, 32)))
    assert decode(data, max_pixels=1024).width == 32
    assert refusal(data, max_pixels=1023).reason == "IMAGE_TOO_LARGE"


def test_a_bomb_is_not_decoded(monkeypatch: pytest.MonkeyPatch, encode: Any) -> None:
    data = encode(Image.new("L", (2000, 2000)))

    def decoded(*_: object) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    assert refusal(data).reason == "IMAGE_TOO_LARGE"


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_truncated_files_are_refused_wherever_they_end(encode: Any, format_: str) -> None:
    data = encode(Image.effect_noise((40, 30), 80), format_)
    for share in range(0, 95, 5):
        refusal(data[: len(data) * share // 100])


@pytest.mark.parametrize("format_", ["EPS", "WMF", "ICNS", "IPTC", "MPEG", "HDF5", "GRIB", "BUFR"])
def test_formats_that_run_programs_or_hide_files_are_not_taken(format_: str) -> None:
    assert format_ not in FORMATS


def test_eps_is_not_run(encode: Any) -> None:
    refusal(encode(Image.new("L", (4, 4)), "EPS"))


def test_floats_that_are_not_finite_are_refused(encode: Any) -> None:
    refusal(encode(Image.fromarray(np.array([[np.nan, 1.0]], np.float32)), "TIFF"))


def test_read_image_gives_tensor_and_measures(encode: Any, image_spec: Any) -> None:
    tensor, quality = read_image(encode(Image.new("LA", (9, 7), (51, 255)), "TIFF"), image_spec())
    assert tensor.shape == (1, 8, 8)
    assert tensor.dtype == np.float32
    assert (quality.width, quality.height, quality.mode, quality.format) == (9, 7, "LA", "TIFF")
    assert quality.brightness == pytest.approx(0.2)


def test_every_listed_format_is_known_to_pillow() -> None:
    assert {"PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"} <= set(FORMATS) <= set(Image.OPEN)
