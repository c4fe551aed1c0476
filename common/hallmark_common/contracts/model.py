"""What a consumer is owed, as declared in ``contracts/<name>.yaml``.

The JSON Schema of this file is generated from these classes into ``contracts/contract.schema.json``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from hallmark_common.attributes import ANONYMOUS
from hallmark_common.catalogue import CATALOGUE, Metric, figure_key
from hallmark_common.contracts.figures import (
    check_aggregate,
    check_of,
    check_threshold,
    innermost,
    known_metric,
    range_of,
    unit_of,
)
from hallmark_common.contracts.quantity import quantity_in, seconds_in
from hallmark_common.contracts.values import (
    Consumer,
    Duration,
    Instant,
    Name,
    Operator,
    Ratio,
    Segment,
    Severity,
    Share,
    Text,
)
from hallmark_common.model_spec import ModelName
from hallmark_common.settings import WINDOWS

EVERYONE = "*"
"""The consumer of a contract with all of them."""

_SECOND_NS = 1_000_000_000


class Part(BaseModel):
    """Base of every part of a contract: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stakeholder(Part):
    """Someone whom the contract concerns."""

    name: str = Field(min_length=1, description="A person, a team, a firm.")
    role: Literal["owner", "consumer", "operator", "regulator", "other"] = Field(
        "other", description="What they are to the model."
    )
    contact: str = Field("", description="How to reach them.")


class ModelRef(Part):
    """Whose predictions the contract is about."""

    name: ModelName = Field(description="Name of the model.")
    versions: tuple[Text, ...] = Field((), description="Versions that it holds for; all where empty.")
    variant: str | None = Field(None, description="Variant that it holds for; each by itself where unset.")


class Validity(Part):
    """When the contract holds, in the time of events: of a window that is only partly in it the verdict is unknown."""

    since: Instant | None = Field(
        None, alias="from", description="A day or a time; holds from then on, always where unset."
    )
    until: Instant | None = Field(None, description="Holds no more from then on; for ever where unset.")


ALWAYS = Validity.model_validate({})


class Budget(Part):
    """How many windows may be bad: a share of them over a period, as the time slices of OpenSLO."""

    target: Share = Field(
        gt=0, lt=1, description="Least share of the windows of the period that must be good, such as 99%."
    )
    period: Duration = Field(description="What the share is taken of: the windows of so long before, such as 7d.")
    burn_rate: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Violated too where the share of bad windows over `over` is so many times the 1 - target allowed.",
    )
    over: Duration | None = Field(None, description="What burn_rate is taken of, such as 1h.")

    @property
    def period_s(self) -> int:
        """The period in seconds."""
        return seconds_in(self.period)

    @property
    def over_s(self) -> int | None:
        """The look-back of the burn rate in seconds."""
        return seconds_in(self.over) if self.over else None


def _without_default(schema: dict[str, Any]) -> None:
    """Of a segment, none is told by leaving it out: what stands for it in here is nothing that one could write."""
    del schema["default"]


class Objective(Part):
    """One promise: a figure of each window, compared with a threshold."""

    name: Name = Field(description="Name of the objective, in reports, verdicts and silences.")
    description: str = Field("", description="A sentence for people.")
    metric: str = Field(
        description="Name of the metric; docs/metrics.md lists them.", json_schema_extra={"enum": list(CATALOGUE)}
    )
    of: Text = Field(
        "",
        validate_default=True,
        description="What of: a stage, column, label, status or colour mode, as the metric says; of a spread, a figure "
        "and a dimension, such as 'accuracy by carrier'.",
    )
    aggregate: str = Field(
        "", validate_default=True, description="Which value of the window, such as p95, where the metric has several."
    )
    operator: Operator = Field(description="How the figure must compare to the threshold.")
    threshold: float = Field(
        allow_inf_nan=False,
        description="In the unit of the metric, or with a unit: 200ms, 5%.",
        json_schema_extra={"type": ["number", "string"]},
    )
    window: Literal["10s", "1m", "1h", "1d"] = Field(description="What is judged, in the time of events.")
    least_count: int | None = Field(
        None, ge=1, description="Samples below which the verdict is unknown; the metric's own least where unset."
    )
    coverage: Ratio | None = Field(
        None, description="As that of the contract, for this objective; that of the contract where unset."
    )
    segment: Segment = Field(
        "",
        description="Part of the predictions, as model.yaml declares it: {dimension: value}; all where unset.",
        json_schema_extra=_without_default,
    )
    severity: Severity = Field("warning", description="How bad a violation is; part of the key of its event.")
    budget: Budget | None = Field(None, description="How many windows may be bad; none where unset.")

    @field_validator("metric")
    @classmethod
    def _metric_is_known(cls, metric: str) -> str:
        return known_metric(metric).name

    @field_validator("of", "aggregate")
    @classmethod
    def _fits_metric(cls, value: str, info: ValidationInfo) -> str:
        metric = CATALOGUE.get(info.data.get("metric", ""))
        if metric:
            (check_of if info.field_name == "of" else check_aggregate)(metric, value)
        return value

    @field_validator("threshold", mode="before")
    @classmethod
    def _in_unit_of_metric(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        figure = _figure(info.data)
        # Of a figure that is not known the unit is not known either; that is said, and is to be mended first.
        return 0.0 if figure is None else quantity_in(value, "ratio" if range_of(*figure)[1] == 1 else unit_of(*figure))

    @field_validator("threshold")
    @classmethod
    def _within_range(cls, value: float, info: ValidationInfo) -> float:
        figure = _figure(info.data)
        if figure is not None:
            check_threshold(*figure, value)
        return value

    @property
    def key(self) -> str:
        """Key of the figure that is judged, such as ``response_time.p95``."""
        return figure_key(self.metric, self.of, self.aggregate)

    @property
    def unit(self) -> str:
        """Unit of the figure and of the threshold."""
        return unit_of(CATALOGUE[self.metric], self.of, self.aggregate)

    @property
    def needs_truth(self) -> bool:
        """Whether it can be told only of predictions whose truth is known."""
        return innermost(CATALOGUE[self.metric], self.of)[0].needs_truth

    @property
    def window_s(self) -> int:
        """Size of the window in seconds."""
        return WINDOWS[self.window]

    @property
    def least(self) -> int:
        """Samples below which the verdict is unknown."""
        return CATALOGUE[self.metric].least if self.least_count is None else self.least_count


def _figure(found: Mapping[str, Any]) -> tuple[Metric, str, str] | None:
    """What an objective asks for, as far as its keys could be read; None where that does not tell what it is."""
    metric = CATALOGUE.get(found.get("metric", ""))
    if metric is None or (metric.of == "figure" and "of" not in found):
        return None
    return metric, found.get("of", ""), found.get("aggregate", "")


class Silence(Part):
    """When events are not told, in the time of events: the verdicts are made and kept all the same."""

    since: Instant = Field(alias="from", description="A day or a time; silent from then on.")
    until: Instant = Field(description="Told again from then on.")
    reason: str = Field(min_length=1, description="Why, for those who wonder later.")
    objectives: tuple[Name, ...] = Field((), description="Which are silent; all where empty.")


class Contract(Part):
    """What one consumer, or every one, is owed of one model."""

    name: Name = Field(description="Name of the contract; the file is <name>.yaml.")
    version: Text = Field("1", min_length=1, max_length=64, description="For people; stands beside each verdict.")
    title: str = Field("", description="A few words for people.")
    description: str = Field("", description="A paragraph for people.")
    stakeholders: tuple[Stakeholder, ...] = Field((), description="Whom it concerns.")
    consumer: Consumer = Field(
        description=f"Name of the consumer, `{ANONYMOUS}` for those without one, `{EVERYONE}` for each one by itself."
    )
    model: ModelRef = Field(description="Whose predictions it is about.")
    valid: Validity = Field(ALWAYS, description="When it holds, in the time of events.")
    completeness: Ratio = Field(
        0.95, description="Least share of the window's records that are complete; below it the verdict is unknown."
    )
    coverage: Ratio = Field(
        0.5,
        description="Least share of the window's predictions whose truth is known, for metrics that need truth; below "
        "it the verdict is unknown.",
    )
    objectives: tuple[Objective, ...] = Field(min_length=1, description="What is promised.")
    silences: tuple[Silence, ...] = Field((), description="When events are not told.")

    def is_valid_at(self, ns: int) -> bool:
        """Whether it holds at a time of events, ns since 1970."""
        begins = _ns(self.valid.since) if self.valid.since else None
        ends = _ns(self.valid.until) if self.valid.until else None
        return (begins is None or begins <= ns) and (ends is None or ns < ends)

    def silenced(self, objective: str, ns: int) -> Silence | None:
        """The silence that keeps events of an objective from being told at a time of events, ns since 1970."""
        for silence in self.silences:
            if _ns(silence.since) <= ns < _ns(silence.until) and objective in (silence.objectives or (objective,)):
                return silence
        return None

    def coverage_of(self, objective: Objective) -> float:
        """Least share of predictions whose truth must be known."""
        return self.coverage if objective.coverage is None else objective.coverage


def _ns(instant: datetime) -> int:
    """Exactly: a float of seconds is off by hundreds of ns."""
    past = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (past.days * 86400 + past.seconds) * _SECOND_NS + past.microseconds * 1000
