"""What a page is made of, as the engine told it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hallmark.qoa.v1.report_pb2 import WindowReport
from hallmark_cli.render.report import MAIN_FIGURES
from hallmark_cli.report.question import Found

MAIN = tuple(MAIN_FIGURES)
"""Figures that are plotted where no contract says what matters."""

DRIFT = "psi"
"""The metric of drift that is plotted for each column."""

LABELS = ("label_coverage", "label_delay.p50", "calibration_error", "brier_score")
"""How much of the truth is known, when, and how honest scores are."""

PLOTTED = (*MAIN, DRIFT, *LABELS)

COMPARED = ("response_time.p95", "accuracy", "prediction.mean")
"""Figures that are compared over segments, beside those of contracts."""


@dataclass(frozen=True, slots=True)
class Material:
    """Windows in three forms, because all figures of all windows and segments would be too much."""

    found: Found
    """All windows that were asked for, with the figures that are plotted."""
    latest: Sequence[WindowReport] = ()
    """The last ones, with all figures."""
    segments: Sequence[WindowReport] = ()
    """Windows of one size of every segment, with the figures that are compared."""
    unusable: Sequence[str] = ()
    """What is wrong with contracts and the policy, a sentence each."""

    @property
    def windows(self) -> tuple[WindowReport, ...]:
        """All windows that were asked for."""
        return self.found.windows
