"""What records say of the answers, and of those whose truth is known how right they were."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import numpy as np

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_common.segments import OTHER
from hallmark_qoa.derive import event_ns
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.context import CategoryColumn, ModelContext, NumberColumn
from hallmark_qoa.metrics.formulas.calibration import confidence_bins
from hallmark_qoa.metrics.formulas.probability import log_loss_of
from hallmark_qoa.metrics.formulas.ranking import score_bins
from hallmark_qoa.metrics.observe_data import PREPROCESS, observe_categories, observe_numbers
from hallmark_qoa.metrics.rows import Rows, number_of
from hallmark_qoa.metrics.samples import Samples


def observe_answers(records: Sequence[QualityRecord], rows: Rows, context: ModelContext, samples: Samples) -> None:
    """Answers, truths and what follows from both."""
    labelled = [row for row, label in enumerate(rows.label) if label is not None]
    valued = [row for row, value in enumerate(rows.value) if value is not None]
    _observe_labels(labelled, rows, context, samples)
    _observe_values(valued, rows, context, samples)
    if labelled:
        samples.count(slots.ANSWERS, _owners(labelled, rows))
        _observe_right(records, labelled, rows, context, samples)
    elif context.kind in ("", "number"):
        samples.count(slots.ANSWERS, _owners(valued, rows))
        _observe_residuals(records, valued, rows, samples)


def _owners(which: Sequence[int], rows: Rows) -> list[int]:
    return [rows.records + row for row in which]


def _observe_labels(labelled: Sequence[int], rows: Rows, context: ModelContext, samples: Samples) -> None:
    names = [context.label(rows.label[row] or "") for row in labelled]
    samples.add_names(slots.LABEL, _owners(labelled, rows), names)
    if isinstance(context.answers, CategoryColumn):
        observe_categories(context.answers, np.asarray(_owners(labelled, rows), np.int64), names, samples)
    for slot, low, values in (
        ("confidence", slots.LOW_CONFIDENCE, rows.confidence),
        ("entropy", "entropy", rows.entropy),
    ):
        there = [(row, value) for row in labelled if (value := values[row]) is not None]
        owners, numbers = [rows.records + row for row, _ in there], [value for _, value in there]
        samples.add_numbers(slot, owners, numbers)
        detail = partial(_answered, [rows.label[row] or "" for row, _ in there])
        samples.offer(low, owners, numbers, PREPROCESS, detail)


def _answered(labels: Sequence[str], at: int) -> str:
    return f"answered {labels[at]}"


def _observe_values(valued: Sequence[int], rows: Rows, context: ModelContext, samples: Samples) -> None:
    owners = np.asarray(_owners(valued, rows), dtype=np.int64)
    values = np.asarray([rows.value[row] for row in valued], dtype=np.float64)
    samples.add_numbers("prediction", owners, values)
    if isinstance(context.answers, NumberColumn):
        observe_numbers(context.answers, owners, values, samples)


def _observe_right(
    records: Sequence[QualityRecord], labelled: Sequence[int], rows: Rows, context: ModelContext, samples: Samples
) -> None:
    """Of answered labels whose truth is known."""
    known = [row for row in labelled if rows.truth[row] is not None]
    owners = _owners(known, rows)
    samples.count(slots.TRUTHS, owners)
    right = [row for row in known if rows.truth[row] == rows.label[row]]
    samples.count(slots.RIGHT, _owners(right, rows))
    pairs = [
        f"{context.label(rows.truth[row] or '')}{slots.BETWEEN}{context.label(rows.label[row] or '')}" for row in known
    ]
    samples.add_names(slots.CONFUSION, owners, pairs)
    _observe_wrong(known, rows, context, samples)
    _observe_calibration(known, rows, samples)
    if context.kind == "probability":
        _observe_probabilities(known, rows, context, samples)
    elif context.kind != "number":
        _observe_confidences(known, rows, samples)
    _observe_delays(records, known, rows, samples)


def _observe_wrong(known: Sequence[int], rows: Rows, context: ModelContext, samples: Samples) -> None:
    """Wrong answers as exemplars, the most confident first."""
    wrong = [row for row in known if rows.truth[row] != rows.label[row]]
    by_slot: dict[str, list[int]] = defaultdict(list)
    for row in wrong:
        by_slot[slots.WRONG].append(row)
        by_slot[slots.missed(context.label(rows.truth[row] or ""))].append(row)
        by_slot[slots.mistaken(context.label(rows.label[row] or ""))].append(row)
    for slot, those in by_slot.items():
        confidences = [rows.confidence[row] or 0.0 for row in those]
        samples.offer(slot, _owners(those, rows), confidences, PREPROCESS, partial(_was_wrong, rows, those))


def _was_wrong(rows: Rows, those: Sequence[int], at: int) -> str:
    row = those[at]
    return f"answered {rows.label[row]}, truth is {rows.truth[row]}"


def _observe_calibration(known: Sequence[int], rows: Rows, samples: Samples) -> None:
    there = [row for row in known if rows.confidence[row] is not None]
    if not there:
        return
    owners = np.asarray(_owners(there, rows), dtype=np.int64)
    confidences = np.asarray([rows.confidence[row] for row in there], dtype=np.float64)
    is_right = np.asarray([rows.truth[row] == rows.label[row] for row in there])
    bins = confidence_bins(confidences)
    samples.add_codes(slots.BIN, owners, bins)
    samples.add_codes(slots.BIN_RIGHT, owners[is_right], bins[is_right])
    for number in np.unique(bins).tolist():
        inside = bins == number
        samples.add_numbers(slots.confidence_bin(number), owners[inside], confidences[inside], sketch=False)


def _observe_probabilities(known: Sequence[int], rows: Rows, context: ModelContext, samples: Samples) -> None:
    """Of a probability of an event that is known to have happened or not."""
    there = [row for row in known if rows.value[row] is not None and context.label(rows.truth[row] or "") != OTHER]
    there = [row for row in there if 0.0 <= (rows.value[row] or 0.0) <= 1.0]
    if not there:
        return
    owners = np.asarray(_owners(there, rows), dtype=np.int64)
    values = np.asarray([rows.value[row] for row in there], dtype=np.float64)
    happened = np.asarray([rows.truth[row] == context.event for row in there])
    scores = score_bins(values)
    samples.add_codes(slots.POSITIVE, owners[happened], scores[happened])
    samples.add_codes(slots.NEGATIVE, owners[~happened], scores[~happened])
    losses = [log_loss_of(given) for given in np.where(happened, values, 1.0 - values).tolist()]
    samples.add_numbers(slots.LOG_LOSS, owners, losses, sketch=False)
    _add_scored(owners, values, happened, samples)


def _observe_confidences(known: Sequence[int], rows: Rows, samples: Samples) -> None:
    """Of the confidence in a class that is known to be right or wrong."""
    there = [row for row in known if rows.confidence[row] is not None]
    owners = np.asarray(_owners(there, rows), dtype=np.int64)
    values = np.asarray([rows.confidence[row] for row in there], dtype=np.float64)
    is_right = np.asarray([rows.truth[row] == rows.label[row] for row in there], dtype=np.bool_)
    _add_scored(owners, values, is_right, samples)


def _add_scored(owners: "np.typing.NDArray[np.int64]", values: "np.typing.NDArray[np.float64]",
                hits: "np.typing.NDArray[np.bool_]", samples: Samples) -> None:  # fmt: skip
    samples.count(slots.SCORED, owners)
    samples.count(slots.HITS, owners[hits])
    samples.add_numbers(slots.PROBABILITY, owners, values, sketch=False, squares=True)
    samples.add_numbers(slots.HIT, owners[hits], values[hits], sketch=False)


def _observe_residuals(records: Sequence[QualityRecord], valued: Sequence[int], rows: Rows, samples: Samples) -> None:
    """Of answered numbers whose truth is known."""
    truths = {row: number_of(text) for row in valued if (text := rows.truth[row]) is not None}
    compared = [(row, rows.value[row] or 0.0, truth) for row, truth in truths.items() if truth is not None]
    known = [row for row, answer, truth in compared if np.isfinite(answer - truth)]
    owners = _owners(known, rows)
    answered = np.asarray([answer for row, answer, truth in compared if np.isfinite(answer - truth)], np.float64)
    true = np.asarray([truth for _, answer, truth in compared if np.isfinite(answer - truth)], np.float64)
    samples.count(slots.TRUTHS, owners)
    samples.add_numbers(slots.RESIDUAL, owners, answered - true, sketch=False, squares=True)
    samples.add_numbers(slots.ABSOLUTE, owners, np.abs(answered - true), sketch=False)
    samples.add_numbers(slots.TRUTH, owners, true, sketch=False, squares=True)
    samples.offer(slots.FAR_OFF, owners, np.abs(answered - true), PREPROCESS, partial(_was_off, answered, true))
    _observe_delays(records, known, rows, samples)


def _was_off(answered: "np.typing.NDArray[np.float64]", true: "np.typing.NDArray[np.float64]", at: int) -> str:
    return f"answered {answered[at]:g}, truth is {true[at]:g}"


def _observe_delays(records: Sequence[QualityRecord], known: Sequence[int], rows: Rows, samples: Samples) -> None:
    """How late the truths of records came, each counting once."""
    owners = list(dict.fromkeys(rows.record[row] for row in known))
    observed = [records[owner].truth.observed_at for owner in owners]
    delays = [
        (at.seconds * 10**9 + at.nanos - event_ns(records[owner])) / 1e9
        for owner, at in zip(owners, observed, strict=True)
    ]
    samples.add_numbers("label_delay", owners, delays)
