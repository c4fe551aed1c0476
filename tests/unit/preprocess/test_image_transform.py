"""Transforms against numbers computed independently, straight in NumPy."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from hallmark_preprocess.image import to_tensor
from hallmark_preprocess.image_decode import Picture
from hallmark_preprocess.image_measure import brightness_and_contrast, measure_image, sharpness

GREY = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
COLOUR = np.stack([GREY, GREY // 2, 255 - GREY], axis=2)


def same_size(image_spec: Any, **changes: Any) -> Any:
    return image_spec(width=6, height=4, **changes)


def test_scale_mean_and_std_by_channel(image_spec: Any) -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    spec = same_size(image_spec, color="rgb", mean=mean, std=std)
    expected = np.empty((3, 4, 6))
    for channel in range(3):
        expected[channel] = (COLOUR[:, :, channel] / 255.0 - mean[channel]) / std[channel]
    np.testing.assert_allclose(to_tensor(Image.fromarray(COLOUR), spec), expected, rtol=1e-6)


@pytest.mark.parametrize(("layout", "shape"), [("NCHW", (1, 4, 6)), ("NHWC", (4, 6, 1)), ("NHW", (4, 6))])
def test_layouts_of_grey(image_spec: Any, layout: str, shape: tuple[int, ...]) -> None:
    tensor = to_tensor(Image.fromarray(GREY), same_size(image_spec, layout=layout, scale=1.0))
    assert tensor.shape == shape
    assert tensor.reshape(4, 6).tolist() == GREY.tolist()


def test_layout_nhwc_of_colour(image_spec: Any) -> None:
    tensor = to_tensor(Image.fromarray(COLOUR), same_size(image_spec, color="rgb", layout="NHWC", scale=1.0))
    assert tensor.tolist() == COLOUR.tolist()


def test_grey_of_colour_is_luma(image_spec: Any) -> None:
    tensor = to_tensor(Image.fromarray(COLOUR), same_size(image_spec, scale=1.0))
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(tensor[0] - luma).max() <= 0.51


@pytest.mark.parametrize(
    ("dtype", "scale", "expected"),
    [
        ("uint8", 1.0, [0, 128, 255]),
        ("uint8", 2.0, [0, 255, 255]),
        ("int8", 1.0, [0, 127, 127]),
        ("int32", 1000.0, [0, 128_000, 255_000]),
        ("int64", -1.0, [0, -128, -255]),
        ("bool", 1 / 255, [False, True, True]),
        ("float16", 1.0, [0.0, 128.0, 255.0]),
        ("float64", 0.5, [0.0, 64.0, 127.5]),
    ],
)
def test_dtypes(image_spec: Any, dtype: str, scale: float, expected: list[float]) -> None:
    image = Image.fromarray(np.array([[0, 128, 255]], np.uint8))
    tensor = to_tensor(image, image_spec(width=3, height=1, dtype=dtype, scale=scale, layout="NHW"))
    assert tensor.dtype == np.dtype(dtype)
    assert tensor[0].tolist() == expected


def test_stretch_down_by_a_whole_factor_is_the_mean_of_blocks(image_spec: Any) -> None:
    # Antialiased bilinear weighs neighbours too, so inside of a linear ramp it equals the mean of blocks.
    ramp = np.tile(np.arange(0, 128, 2, dtype=np.uint8), (16, 1))
    tensor = to_tensor(Image.fromarray(ramp), image_spec(width=16, height=4, scale=1.0, layout="NHW"))
    blocks = ramp.reshape(4, 4, 16, 4).mean(axis=(1, 3))
    assert np.abs(tensor - blocks)[:, 1:-1].max() <= 0.51


def test_nearest_takes_the_middle_pixel(image_spec: Any) -> None:
    big = np.arange(36, dtype=np.uint8).reshape(6, 6)
    spec = image_spec(width=2, height=2, scale=1.0, interpolation="nearest", layout="NHW")
    assert to_tensor(Image.fromarray(big), spec).tolist() == big[[1, 4]][:, [1, 4]].tolist()


@pytest.mark.parametrize("background", [0, 77])
def test_contain_pads_with_the_background(image_spec: Any, background: int) -> None:
    image = Image.new("L", (40, 20), 200)
    tensor = to_tensor(image, image_spec(resize="contain", background=background, scale=1.0, layout="NHW"))
    expected = np.full((8, 8), background)
    expected[2:6] = 200
    assert tensor.tolist() == expected.tolist()


def test_contain_pads_colours_too(image_spec: Any) -> None:
    tensor = to_tensor(
        Image.new("RGB", (10, 40), (1, 2, 3)),
        image_spec(resize="contain", background=9, scale=1.0, color="rgb", layout="NHWC"),
    )
    assert tensor[:, 3:5].reshape(-1, 3).tolist() == [[1, 2, 3]] * 16
    assert set(tensor[:, :3].ravel().tolist()) == {9}


def test_cover_crops_the_middle(image_spec: Any) -> None:
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = np.arange(8) * 30
    tensor = to_tensor(Image.fromarray(wide), image_spec(resize="cover", scale=1.0, layout="NHW"))
    assert tensor.tolist() == wide[:, 8:16].tolist()


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (7, 3)])
@pytest.mark.parametrize("resize", ["stretch", "contain", "cover"])
@pytest.mark.parametrize("center", ["none", "box", "mass"])
def test_every_aspect_ratio_gives_the_declared_shape(image_spec: Any, size: Any, resize: str, center: str) -> None:
    image = Image.effect_noise(size, 90)
    tensor = to_tensor(image, image_spec(resize=resize, center=center, margin=0.1 if center != "none" else 0))
    assert tensor.shape == (1, 8, 8)


def test_invert_always(image_spec: Any) -> None:
    tensor = to_tensor(Image.fromarray(GREY), same_size(image_spec, invert="always", scale=1.0))
    assert tensor[0].tolist() == (255 - GREY).tolist()


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (200, 30), (0, 255), (30, 220)])
def test_invert_auto_makes_the_subject_light(image_spec: Any, paper: int, ink: int) -> None:
    drawn = np.full((8, 8), paper, np.uint8)
    drawn[3:5, 2:6] = ink
    tensor = to_tensor(Image.fromarray(drawn), image_spec(invert="auto", scale=1.0, layout="NHW"))
    expected = drawn if paper < 128 else 255 - drawn
    assert tensor.tolist() == expected.tolist()
    assert tensor[3, 3] > tensor[0, 0]


def test_box_crops_to_the_subject_and_keeps_the_margin(image_spec: Any) -> None:
    drawn = np.zeros((50, 50), np.uint8)
    drawn[5:9, 40:44] = 250
    spec = image_spec(center="box", margin=0.25, resize="contain", scale=1.0, layout="NHW")
    expected = np.zeros((8, 8))
    expected[2:6, 2:6] = 250
    assert to_tensor(Image.fromarray(drawn), spec).tolist() == expected.tolist()


def test_box_of_an_empty_page_is_the_page(image_spec: Any) -> None:
    spec = image_spec(center="box", scale=1.0, layout="NHW")
    assert set(to_tensor(Image.new("L", (30, 20), 9), spec).ravel().tolist()) == {9.0}


def test_mass_puts_the_centre_of_mass_in_the_middle(image_spec: Any) -> None:
    # As heavy on the left as a "6" is at its bottom: the box is centred by size, the mass by weight.
    drawn = np.zeros((20, 20), np.uint8)
    drawn[4:16, 4:8] = 255
    drawn[9:11, 8:16] = 255
    spec = image_spec(
        width=28,
        height=28,
        center="mass",
        margin=8 / 28,
        resize="contain",
        interpolation="nearest",
        scale=1.0,
        layout="NHW",
    )
    tensor = to_tensor(Image.fromarray(drawn), spec)
    columns = np.arange(28) + 0.5
    centre = float((tensor.sum(axis=0) @ columns) / tensor.sum())
    assert centre == pytest.approx(14, abs=0.51)
    boxed = to_tensor(Image.fromarray(drawn), spec.model_copy(update={"center": "box"}))
    assert float((boxed.sum(axis=0) @ columns) / boxed.sum()) < 13
    assert tensor.sum() == boxed.sum()


def measure(image: Image.Image, seen: tuple[int, int] = (64, 64)) -> Any:
    return measure_image(Picture(image, *image.size, image.mode, "PNG"), image, seen)


def test_measures_against_numpy() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (37, 53), dtype=np.uint8)
    light = pixels / 255.0
    laplacian = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:] - 4 * light[1:-1, 1:-1]
    quality = measure(Image.fromarray(pixels))
    assert quality.brightness == pytest.approx(light.mean())
    assert quality.contrast == pytest.approx(light.std())
    assert quality.sharpness == pytest.approx(laplacian.var())


def test_measures_by_hand() -> None:
    half = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8))
    assert brightness_and_contrast(half) == pytest.approx((0.5, 0.5))
    dot = np.zeros((3, 5), np.uint8)
    dot[1, 2] = 255
    # The three inner pixels have the Laplacians 1, -4 and 1: variance 50/9.
    assert sharpness(dot) == pytest.approx(50 / 9)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2), (4, 4)])
def test_flat_and_tiny_images_have_no_sharpness(size: tuple[int, int]) -> None:
    quality = measure(Image.new("L", size, 99))
    assert (quality.sharpness, quality.contrast) == (0.0, 0.0)


def test_sharpness_in_bands_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (41, 17), dtype=np.uint8)
    whole = sharpness(pixels)
    for band in (1, 17, 50, 300):
        monkeypatch.setattr("hallmark_preprocess.image_measure.BAND_PIXELS", band)
        assert sharpness(pixels) == whole


def test_sharpness_is_that_of_the_size_in_which_the_model_sees_it() -> None:
    small = Image.effect_noise((16, 12), 80)
    large = small.resize((160, 120), Image.Resampling.NEAREST)
    assert measure(large, (16, 16)).sharpness == measure(small, (16, 16)).sharpness
    assert measure(large, (160, 160)).sharpness < measure(small).sharpness / 2
    assert measure(large, (16, 16)).width == 160


def test_a_blurred_image_is_less_sharp() -> None:
    noise = Image.effect_noise((64, 64), 80)
    assert measure(noise.resize((32, 32)).resize((64, 64))).sharpness < measure(noise).sharpness / 4
