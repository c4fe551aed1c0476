"""How good the answers are: by month, and how far a stated probability can be trusted."""

from collections.abc import Iterator

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from _build.card import table

MONTHS = ("January", "February", "March", "April", "May", "June")
MONTHS += ("July", "August", "September", "October", "November", "December")
THRESHOLD = 0.5


def figures(probability: np.ndarray, late: np.ndarray, month: np.ndarray, usual: float) -> str:
    """Markdown; all arrays are [N], ``usual`` is the share of late flights in the training months."""
    return "\n\n".join(
        [
            table(
                ["July to December", "flights", "late", "AUC", "Brier score", "Brier of the usual share"],
                list(_by_month(probability, late, month, usual)),
            ),
            "Calibration over these six months: what was answered, and what came of it.",
            table(["answered", "flights", "mean answer", "were late"], list(_calibration(probability, late))),
            f"At the threshold of {THRESHOLD:g}:",
            table(["", 'answered "late"', 'answered "on time"'], _confusion(probability >= THRESHOLD, late)),
        ]
    )


def _by_month(probability: np.ndarray, late: np.ndarray, month: np.ndarray, usual: float) -> Iterator[tuple[str, ...]]:
    whole = ("**all**", np.ones(len(late), dtype=bool))
    for name, there in [*((MONTHS[number - 1], month == number) for number in np.unique(month)), whole]:
        truth, answer = late[there], probability[there]
        scores = (roc_auc_score(truth, answer), brier_score_loss(truth, answer), np.mean((usual - truth) ** 2))
        yield name, f"{len(truth):,}", f"{truth.mean():.1%}", *(f"{score:.3f}" for score in scores)


def _calibration(probability: np.ndarray, late: np.ndarray) -> Iterator[tuple[str, ...]]:
    for tenth in range(10):
        there = np.minimum((probability * 10).astype(int), 9) == tenth
        if there.any():
            means = (probability[there].mean(), late[there].mean())
            yield f"{tenth * 10} to {tenth * 10 + 10} %", f"{there.sum():,}", *(f"{mean:.1%}" for mean in means)


def _confusion(answered: np.ndarray, late: np.ndarray) -> list[tuple[str, ...]]:
    return [
        (name, f"{(answered & truth).sum():,}", f"{(~answered & truth).sum():,}")
        for name, truth in (("was late", late), ("was on time", ~late))
    ]
