"""What turns the numbers of a model into probabilities, and how sure those are."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Along the last axis; shifted by the maximum so that nothing overflows."""
    powers: Floats = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(logits: Floats) -> Floats:
    """Elementwise ``1 / (1 + exp(-x))``, by the form whose exponential cannot overflow."""
    small: Floats = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)


def entropy_bits(scores: Floats) -> Floats:
    """Shannon entropy ``-sum(p log2 p)`` along the last axis, of scores normalised to sum 1 (Shannon 1948, section 6).

    Scores of several labels at once (sigmoid) need not sum to 1; all-zero scores say nothing and have that of a uniform
    distribution.
    """
    total = scores.sum(axis=-1, keepdims=True)
    shares = np.where(total > 0, scores / np.where(total > 0, total, 1.0), 1.0 / scores.shape[-1])
    logs = np.log2(np.where(shares > 0, shares, 1.0))
    entropy: Floats = np.abs((shares * logs).sum(axis=-1))
    return entropy
