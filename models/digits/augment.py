"""Random distortions of digits: other hands, other pens, and strokes drawn with a mouse."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

SIZE = 28
GRID = 6
ROTATION_RAD = 0.26
LOG_SCALE = 0.17
LOG_ASPECT = 0.17
SHEAR = 0.22
SHIFT_PX = 2.2
ELASTIC_PX = 1.0
THICKEN_SHARE = 0.25
THIN_SHARE = 0.1


def augment(key: jax.Array, images: jax.Array) -> jax.Array:
    """Distort each image by itself; float32 [N, 28, 28] in 0 to 1 in and out."""
    keys = jax.random.split(key, len(images))
    return jax.vmap(_distort)(keys, images)


def _distort(key: jax.Array, image: jax.Array) -> jax.Array:
    shape, elastic, pen, ink = jax.random.split(key, 4)
    grid = _affine(shape) + _elastic(elastic)
    warped = map_coordinates(image, [grid[0], grid[1]], order=1, cval=0.0)
    return _ink(ink, _pen(pen, warped))


def _affine(key: jax.Array) -> jax.Array:
    """Where each pixel comes from under rotation, scale, aspect, shear and shift; [2, 28, 28] of pixels."""
    angle, scale, aspect, shear, down, right = jax.random.uniform(key, (6,), minval=-1.0)
    cos, sin = jnp.cos(ROTATION_RAD * angle), jnp.sin(ROTATION_RAD * angle)
    rotate = jnp.array([[cos, -sin], [sin, cos]])
    stretch = jnp.exp(LOG_SCALE * scale + LOG_ASPECT * aspect * jnp.array([0.5, -0.5]))
    slant = jnp.array([[1.0, 0.0], [SHEAR * shear, 1.0]])
    centre = (SIZE - 1) / 2
    pixels = jnp.stack(jnp.meshgrid(*2 * [jnp.arange(SIZE) - centre], indexing="ij"))
    moved = jnp.einsum("ij,jyx->iyx", rotate @ slant @ jnp.diag(stretch), pixels)
    source: jax.Array = moved + centre + SHIFT_PX * jnp.array([down, right])[:, None, None]
    return source


def _elastic(key: jax.Array) -> jax.Array:
    """A smooth random displacement, as in Simard, Steinkraus, Platt (2003); [2, 28, 28] of pixels."""
    coarse = ELASTIC_PX * jax.random.normal(key, (2, GRID, GRID))
    return jax.image.resize(coarse, (2, SIZE, SIZE), "cubic")


def _pen(key: jax.Array, image: jax.Array) -> jax.Array:
    """A thicker or a thinner pen now and then."""
    choice, amount = jax.random.uniform(key, (2,))
    thick = _neighbourhood(image, jax.lax.max, -jnp.inf)
    thin = _neighbourhood(image, jax.lax.min, jnp.inf)
    other = jnp.where(choice < THICKEN_SHARE, thick, jnp.where(choice > 1 - THIN_SHARE, 0.5 * (image + thin), image))
    drawn: jax.Array = image + amount * (other - image)
    return drawn


def _neighbourhood(image: jax.Array, reduce: Callable[..., jax.Array], start: float) -> jax.Array:
    window: jax.Array = jax.lax.reduce_window(image, start, reduce, (3, 3), (1, 1), "SAME")
    return window


def _ink(key: jax.Array, image: jax.Array) -> jax.Array:
    """Paler or fuller ink; a mouse draws with full ink all over."""
    return jnp.clip(image * jnp.exp(jax.random.uniform(key, minval=-0.3, maxval=0.7)), 0.0, 1.0)
