"""Figures of answers, and of how right they were."""

from collections.abc import Callable, Mapping

from hallmark_common.segments import OTHER
from hallmark_qoa.metrics import slots
from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import NOTHING, Cell, Figure, estimated, share
from hallmark_qoa.metrics.formulas import calibration, classification, probability, ranking, regression
from hallmark_qoa.metrics.formulas.classification import ConfusionTable, Scores

_UNKNOWN_ANSWER = ""
"""An answer that is no label of the model: never right, even where the truth is none either."""


def prediction_share(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Share of answers with a label of the model."""
    if of not in context.labels:
        return NOTHING
    labels = cell.total.table(slots.LABEL)
    return share(labels.get(of, 0), sum(labels.values()))


def accuracy(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of answers with the right label."""
    return share(cell.total.counts[slots.RIGHT], sum(cell.total.table(slots.CONFUSION).values()))


def balanced_accuracy(cell: Cell, context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Mean recall of the labels that truly occur."""
    table = _confusion(cell.total, context)
    recalls = [scores.recall for scores in classification.label_scores(table).values() if scores.recall is not None]
    return Figure(sum(recalls) / len(recalls), sum(table.values())) if recalls else NOTHING


def precision(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Of a label, or the mean over labels."""
    return _score(cell.total, context, of, lambda scores: scores.precision, lambda pair: pair[1] == of)


def recall(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Of a label, or the mean over labels."""
    return _score(cell.total, context, of, lambda scores: scores.recall, lambda pair: pair[0] == of)


def f1(cell: Cell, context: ModelContext, of: str, _aggregate: str) -> Figure:
    """Of a label, or the mean over labels."""
    return _score(cell.total, context, of, lambda scores: scores.f1, lambda pair: of in pair)


def _score(
    aggregate: Aggregate,
    context: ModelContext,
    label: str,
    pick: Callable[[Scores], float | None],
    is_sample: Callable[[tuple[str, str]], bool],
) -> Figure:
    table = _confusion(aggregate, context)
    if not label:
        return Figure(pick(classification.macro_scores(table)), sum(table.values()))
    scores = classification.label_scores(table).get(label)
    if scores is None:
        return NOTHING
    return Figure(pick(scores), sum(count for pair, count in table.items() if is_sample(pair)))


def _confusion(aggregate: Aggregate, context: ModelContext) -> ConfusionTable:
    """Empty where the labels of the model are not known."""
    if not context.labels:
        return {}
    table = {}
    for pair, count in aggregate.table(slots.CONFUSION).items():
        truth, _, answer = pair.partition(slots.BETWEEN)
        table[truth, answer if answer != OTHER or OTHER in context.labels else _UNKNOWN_ANSWER] = count
    return table


def auc(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Of scores of what came true and of what did not."""
    positives, negatives = (_by_bin(cell.total, table) for table in (slots.POSITIVE, slots.NEGATIVE))
    return estimated(ranking.auc(positives, negatives), sum(positives.values()) + sum(negatives.values()))


def log_loss(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Mean log loss of probabilities of the event."""
    count = sum(sum(_by_bin(cell.total, table).values()) for table in (slots.POSITIVE, slots.NEGATIVE))
    return Figure(probability.log_loss(count, cell.total.sums.get(slots.LOG_LOSS, 0)), count)


def brier_score(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Mean squared error of probabilities."""
    sums, counts = cell.total.sums, cell.total.counts
    squares, hit_total = sums.get(slots.squares(slots.PROBABILITY), 0), sums.get(slots.HIT, 0)
    score = probability.brier_score(counts[slots.SCORED], squares, counts[slots.HITS], hit_total)
    return Figure(score, counts[slots.SCORED])


def calibration_error(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Expected calibration error of confidences."""
    bins = confidence_bins(cell.total)
    return Figure(calibration.expected_calibration_error(bins), sum(one.count for one in bins))


def max_calibration_error(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Maximum calibration error of confidences."""
    bins = confidence_bins(cell.total)
    return Figure(calibration.maximum_calibration_error(bins), sum(one.count for one in bins))


def confidence_bins(aggregate: Aggregate) -> list[calibration.Bin]:
    """Answers with a truth by confidence, in order; what reliability diagrams are drawn of."""
    counts, right = _by_bin(aggregate, slots.BIN), _by_bin(aggregate, slots.BIN_RIGHT)
    return [
        calibration.Bin(
            counts.get(number, 0), right.get(number, 0), aggregate.sums.get(slots.confidence_bin(number), 0)
        )
        for number in range(calibration.CONFIDENCE_BINS)
    ]


def _by_bin(aggregate: Aggregate, table: str) -> Mapping[int, int]:
    return {int(number): count for number, count in aggregate.table(table).items()}


def mse(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Mean squared error of numbers."""
    count = _residuals(cell.total)
    return Figure(regression.mse(count, cell.total.sums.get(slots.squares(slots.RESIDUAL), 0)), count)


def rmse(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Its root."""
    count = _residuals(cell.total)
    return Figure(regression.rmse(count, cell.total.sums.get(slots.squares(slots.RESIDUAL), 0)), count)


def mae(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Mean absolute error of numbers."""
    count = _residuals(cell.total)
    return Figure(regression.mae(count, cell.total.sums.get(slots.ABSOLUTE, 0)), count)


def mean_error(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Mean error of numbers."""
    count = _residuals(cell.total)
    return Figure(regression.mean_error(count, cell.total.sums.get(slots.RESIDUAL, 0)), count)


def r2(cell: Cell, _context: ModelContext, _of: str, _aggregate: str) -> Figure:
    """Share of the variance of the truth that is explained."""
    count, sums = _residuals(cell.total), cell.total.sums
    truths, squares = sums.get(slots.TRUTH, 0), sums.get(slots.squares(slots.TRUTH), 0)
    return Figure(regression.r2(count, sums.get(slots.squares(slots.RESIDUAL), 0), truths, squares), count)


def _residuals(aggregate: Aggregate) -> int:
    """Answered numbers with a truth."""
    return 0 if aggregate.table(slots.CONFUSION) else aggregate.counts[slots.TRUTHS]
