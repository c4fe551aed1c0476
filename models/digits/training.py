"""Training: AdamW with a cosine rate on freshly distorted digits, and the running mean of the weights."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from augment import augment
from data import Digits
from network import Network, forward, initial

from _build.progress import say

EPOCHS = 70
BATCH = 100
PEAK_RATE = 2.5e-3
WEIGHT_DECAY = 2e-3
AVERAGE = 0.995


class Progress(NamedTuple):
    """How far training has come: the weights, what the optimizer keeps of them, and their running mean."""

    network: Network
    state: optax.OptState
    mean: Network


def train(digits: Digits, seed: int) -> Network:
    """The running mean of the weights after EPOCHS over the digits; the same for the same seed."""
    images = jnp.asarray(digits.images, jnp.float32) / 255
    labels = jnp.asarray(digits.labels)
    steps = len(labels) // BATCH
    rates = optax.warmup_cosine_decay_schedule(0.0, PEAK_RATE, 2 * steps, EPOCHS * steps)
    optimizer = optax.adamw(rates, weight_decay=WEIGHT_DECAY)
    network = initial(jax.random.key(seed))
    progress = Progress(network, optimizer.init(network), network)
    order = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        batches = order.permutation(len(labels))[: steps * BATCH].reshape(steps, BATCH)
        for step, batch in enumerate(batches):
            key = jax.random.key(seed + 1 + epoch * steps + step)
            progress, loss = _step(optimizer, progress, images[batch], labels[batch], key)
        say(f"epoch {epoch + 1} of {EPOCHS}: loss {float(loss):.4f}")
    return progress.mean


@partial(jax.jit, static_argnums=0)
def _step(
    optimizer: optax.GradientTransformation, progress: Progress, images: jax.Array, labels: jax.Array, key: jax.Array
) -> tuple[Progress, jax.Array]:
    distort, drop = jax.random.split(key)
    loss, gradient = jax.value_and_grad(_loss)(progress.network, augment(distort, images), labels, drop)
    updates, state = optimizer.update(gradient, progress.state, progress.network)
    network = optax.apply_updates(progress.network, updates)
    mean = optax.incremental_update(network, progress.mean, 1 - AVERAGE)
    return Progress(network, state, mean), loss


def _loss(network: Network, images: jax.Array, labels: jax.Array, key: jax.Array) -> jax.Array:
    losses: jax.Array = optax.softmax_cross_entropy_with_integer_labels(forward(network, images, key), labels)
    return losses.mean()
