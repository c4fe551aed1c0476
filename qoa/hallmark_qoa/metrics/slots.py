"""Names of what aggregates keep: the only place that spells them.

Numbers that are kept with their distribution are named as the metric that they are of, ``response_time`` or
``stage_time[web]`` (:func:`hallmark_common.catalogue.figure_key`). What they are of is always declared (a stage, a
column, a label, a status), so that nobody outside can make up names.
"""

from hallmark_common.catalogue import figure_key

# Counts.
RECORDS = "records"
COMPLETE = "complete"
ENDED = "ended"
"""Records whose entry span is known, so that it is known how the request ended."""
DATA = "data"
"""Records whose data was looked at."""
INVALID = "invalid"
"""Of these, with a violation of the schema."""
OUTSIDE = "outside"
"""Of these, with a number out of range."""
IMAGES = "images"
ROWS = "rows"
"""Instances whose values are recorded."""
ANSWERS = "answers"
"""Instances that were answered."""
TRUTHS = "truths"
"""Of these, with a truth that can be compared with the answer."""
RIGHT = "right"
"""Of these, with the right label."""
SCORED = "scored"
"""Of these, with a probability of the event, or a confidence in the answered class."""
HITS = "hits"
"""Of these, where the event happened, or the class was right."""

# Sums.
INSTANCES = "instances"
MISSING = "missing"
"""Missing cells as shares of one instance."""
RESIDUAL = "residual"
"""Answered number minus truth."""
ABSOLUTE = "absolute"
"""Absolute value of that."""
TRUTH = "truth"
"""True numbers, of those whose answer is known."""
PROBABILITY = "probability"
"""Probability of the event, or confidence in the answered class, of what has a truth."""
HIT = "hit"
"""The same of what came true."""
LOG_LOSS = "log_loss"

# Tables.
STATUS = "status"
MISSING_STAGES = "missing_stages"
MODE = "mode"
LABEL = "label"
CONFUSION = "confusion"
POSITIVE = "positive"
"""Bins of score of what came true."""
NEGATIVE = "negative"
BIN = "bin"
"""Bins of confidence."""
BIN_RIGHT = "bin_right"
FILLED = "filled"
"""Values that are there, by column."""
NULL = "null"
OUTLIER = "outlier"

BETWEEN = "\x1f"
"""Between truth and answer in an entry of CONFUSION."""


def squares(slot: str) -> str:
    """The sum of the squares of what a slot holds, in multiples of 2**-128."""
    return f"{slot}²"


def column(name: str) -> str:
    """Values of a number column."""
    return figure_key("input_value", name)


def errors(name: str) -> str:
    """Instances in which a column violates the schema."""
    return figure_key("error_ratios", name)


def outside(name: str) -> str:
    """Instances in which a column is out of range."""
    return figure_key("out_of_range", name)


def confidence_bin(number: int) -> str:
    """Confidences in one bin."""
    return figure_key("calibration", str(number))


def distribution(name: str, fingerprint: str) -> str:
    """Values of a column by bin of a reference, or by category; another reference has other bins."""
    return f"{figure_key('distribution', name)}{fingerprint}"


# Exemplars, beside those of slots with a distribution, which are their largest values.
LOW_CONFIDENCE = "low:confidence"
WRONG = "wrong"
"""Wrong answers by their confidence."""
FAR_OFF = "far_off"
"""Answered numbers by their absolute error."""


def low(slot: str) -> bool:
    """Whether the smallest values are the worst."""
    return slot.startswith("low:")


def failed(status: str) -> str:
    """Requests that ended so, by how long they took."""
    return figure_key("failed", status)


def missing(stage: str) -> str:
    """Records that lack a stage."""
    return figure_key("missing", stage)


def missed(truth: str) -> str:
    """Wrong answers to what truly has this label."""
    return figure_key("missed", truth)


def mistaken(label: str) -> str:
    """Wrong answers with this label."""
    return figure_key("mistaken", label)


def null(name: str) -> str:
    """Instances that lack a value of a column."""
    return figure_key("null", name)


def far(name: str) -> str:
    """Values of a column by how untypical they are of the reference."""
    return figure_key("far", name)
