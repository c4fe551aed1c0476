"""The declaration of the model: columns with their physical limits, and how each is encoded."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from data import FEATURES, WEATHER, WEEKDAYS, Flights

from hallmark_common.model_spec import ColumnSpec, ModelSpec, ProbabilityOutput, SegmentSpec, TableInput, TableTensor

TITLE = "Late flights"
DESCRIPTION = (
    "How likely a flight from New York City is to arrive more than 15 minutes late, from its carrier, route, hour and "
    "weekday and the weather at departure. Trained on the flights of January to June 2013."
)
LATE, ON_TIME = "late", "on time"

# name, description, unit, lowest and highest possible value
NUMBERS = {
    "hour": ("Hour of the scheduled departure in New York, 0 to 23.", "h", 0, 23),
    "distance": ("Distance between the two airports.", "mi", 0, 12000),
    "temp": ("Air temperature at the origin.", "°F", -80, 150),
    "wind_speed": ("Wind speed at the origin.", "mph", 0, 250),
    "precip": ("Precipitation at the origin in that hour.", "in", 0, 20),
    "visib": ("Visibility at the origin.", "mi", 0, 100),
    "pressure": ("Air pressure at the origin, at sea level.", "hPa", 850, 1100),
    "humid": ("Relative humidity at the origin.", "%", 0, 100),
}
CATEGORIES = {
    "carrier": "Carrier, two characters of its IATA code.",
    "origin": "Airport of departure, IATA code.",
    "dest": "Airport of arrival, IATA code.",
}
SEGMENTS = ("carrier", "origin")


def declare_input(training: Flights) -> TableInput:
    """The columns; categories, means and deviations are those of the training flights."""
    columns = tuple(_column(name, [row[name] for row in training.rows]) for name in FEATURES)
    tensor = TableTensor(name="features", dtype="float32", columns=FEATURES)
    return TableInput(kind="table", columns=columns, tensors=(tensor,))


def declare(columns: TableInput, training: Flights) -> ModelSpec:
    """The whole declaration."""
    return ModelSpec(
        name="flights",
        title=TITLE,
        description=DESCRIPTION,
        input=columns,
        output=ProbabilityOutput(kind="probability", tensor="probability", label=LATE, negative_label=ON_TIME),
        segments=tuple(SegmentSpec(name=name, column=name) for name in SEGMENTS),
        reference="reference.json",
        sample="sample.jsonl.gz",
        example={"instances": [_example(training)]},
    )


def _column(name: str, values: Sequence[object]) -> ColumnSpec:
    if name in NUMBERS:
        return _number(name, np.array([value for value in values if value is not None], dtype=np.float64))
    if name == "weekday":
        return ColumnSpec(
            name=name,
            dtype="category",
            description="Day of the week in New York.",
            categories=WEEKDAYS,
            encode="one_hot",
        )
    return ColumnSpec(
        name=name,
        dtype="category",
        description=CATEGORIES[name],
        categories=tuple(sorted({str(value) for value in values})),
        # A carrier or an airport may be new: that is drift to be seen, not a fault of the request.
        on_violation="record",
        encode="one_hot",
    )


def _number(name: str, values: np.ndarray) -> ColumnSpec:
    description, unit, minimum, maximum = NUMBERS[name]
    weather = name in WEATHER
    return ColumnSpec(
        name=name,
        dtype="integer" if name == "hour" else "number",
        description=f"{description} Where unknown, the median of the training flights." if weather else description,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        nullable=weather,
        default=round(float(np.median(values)), 2) if weather else None,
        encode="standard",
        mean=round(float(values.mean()), 6),
        std=round(float(values.std()), 6),
    )


def _example(training: Flights) -> dict[str, object]:
    """The first flight on the most usual route whose weather is known."""
    routes = Counter((row["carrier"], row["dest"]) for row in training.rows)
    usual = routes.most_common(1)[0][0]
    return next(row for row in training.rows if (row["carrier"], row["dest"]) == usual and None not in row.values())
