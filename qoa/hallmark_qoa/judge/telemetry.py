"""What an operator sees of judging, through the meter.

Labels come from the files of contracts alone, so that nobody from outside can add to them. Figures are read from the
store and not from what this engine judged: they outlive a restart, and engines that share a store say the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common import attributes
from hallmark_common.contracts import Contract
from hallmark_common.contracts.model import EVERYONE
from hallmark_qoa.judge.backlog import Backlog, Patience, backlog, read_marks
from hallmark_qoa.judge.policy.open import PolicyStatus
from hallmark_qoa.judge.promises import Promise
from hallmark_qoa.judge.standing import Standing, standing
from hallmark_qoa.judging import Judging
from hallmark_qoa.stores.base import Store, Windows

Callback = Callable[[CallbackOptions], Iterable[Observation]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at the last look; the meter reads it from a thread of its own."""

    at_ns: int
    """When, nanoseconds since 1970."""
    backlog: Backlog
    promises: tuple[Promise, ...]
    standings: tuple[Standing, ...]
    """Of those promises of which there are verdicts."""
    policy: PolicyStatus
    contracts: int
    broken: int
    """Files of contracts that cannot be used."""


NOTHING = Seen(0, Backlog(0, 0), (), (), PolicyStatus("", "", None, ""), 0, 0)


class JudgingTelemetry:
    """Looks at judging, in the event loop; ``untold`` says how many changes wait to be told.

    ``now_ns`` tells the time in nanoseconds since 1970.
    """

    def __init__(
        self,
        judging: Judging,
        store: Store,
        patience: Patience,
        *,
        untold: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._judging = judging
        self._store = store
        self._patience = patience
        self._untold = untold
        self._now_ns = now_ns
        self._seen = NOTHING

    async def look(self) -> None:
        """See how everything stands by now."""
        now_ns = self._now_ns()
        contracts = self._judging.promises.contracts()
        self._seen = Seen(
            now_ns,
            backlog(await read_marks(self._store), self._patience, now_ns),
            tuple(Promise(contract, objective) for contract in contracts for objective in contract.objectives),
            tuple([one for contract in contracts for one in await self._standings(contract)]),
            self._judging.policy.status(),
            len(contracts),
            len(self._judging.promises.errors()),
        )

    async def _standings(self, contract: Contract) -> list[Standing]:
        # A window without anything of a segment says nothing of what is promised of it.
        parts = sorted({(objective.window_s, objective.segment) for objective in contract.objectives})
        latest = {part: await self._latest(contract, *part) for part in parts}
        found = (
            standing(Promise(contract, objective), latest[objective.window_s, objective.segment])
            for objective in contract.objectives
        )
        return [one for one in found if one is not None]

    async def _latest(self, contract: Contract, size_s: int, segment: str) -> list[WindowVerdict]:
        consumer = "" if contract.consumer == EVERYONE else contract.consumer
        which = Windows(size_s, contract.model.name, consumer, segment=segment, last=1)
        return await self._store.verdicts(which, contract.name)

    def observe(self, meter: Meter) -> None:
        """Make instruments of the meter that follow what is seen."""
        for name, label, counts in (
            (attributes.METRIC_QOA_WINDOWS, "outcome", self._judging.keeper.windows),
            (attributes.METRIC_QOA_JUDGEMENTS, "verdict", self._judging.judge.verdicts),
        ):
            metric = attributes.METRICS[name]
            meter.create_observable_counter(name, [_each(counts, label)], metric.unit, metric.description)
        for name, observed in self._gauges().items():
            metric = attributes.METRICS[name]
            meter.create_observable_gauge(name, [_gauge(observed)], metric.unit, metric.description)

    def _gauges(self) -> Mapping[str, Callable[[], Iterable[Observation]]]:
        return {
            attributes.METRIC_QOA_WINDOW_MARKS: lambda: [Observation(self._seen.backlog.marks)],
            attributes.METRIC_QOA_JUDGING_LAG: lambda: [Observation(self._seen.backlog.lag_ns / 1e9)],
            attributes.METRIC_QOA_UNTOLD_EVENTS: lambda: [Observation(self._untold())],
            attributes.METRIC_QOA_POLICY: lambda: _of_policy(self._seen.policy),
            attributes.METRIC_QOA_CONTRACTS: lambda: _by_state(used=self._seen.contracts, broken=self._seen.broken),
            attributes.METRIC_QOA_VERDICT: lambda: _of_verdicts(self._seen),
            attributes.METRIC_QOA_VERDICT_AGE: self._each_standing(lambda one: (self._seen.at_ns - one.ended_ns) / 1e9),
            attributes.METRIC_QOA_OBJECTIVE_VALUE: self._each_standing(lambda one: one.value, with_figure=True),
            attributes.METRIC_QOA_OBJECTIVE_THRESHOLD: lambda: _of_thresholds(self._seen),
            attributes.METRIC_QOA_OBJECTIVE_WINDOW: lambda: _of_windows(self._seen),
            attributes.METRIC_QOA_OBJECTIVE_COMPLETENESS: self._each_standing(lambda one: one.completeness),
            attributes.METRIC_QOA_OBJECTIVE_BURN_RATE: self._each_standing(lambda one: one.burn_rate),
            attributes.METRIC_QOA_OBJECTIVE_BUDGET_LEFT: self._each_standing(lambda one: one.budget_left),
        }

    def _each_standing(
        self, figure: Callable[[Standing], float | None], *, with_figure: bool = False
    ) -> Callable[[], Iterable[Observation]]:
        def observed() -> Iterable[Observation]:
            for one in self._seen.standings:
                value = figure(one)
                if value is not None:
                    yield Observation(value, _labels(one.promise, with_figure=with_figure))

        return observed


def _of_verdicts(seen: Seen) -> Iterable[Observation]:
    for one in seen.standings:
        for word, count in one.verdicts.items():
            yield Observation(count, {**_labels(one.promise), "verdict": word})


def _of_thresholds(seen: Seen) -> Iterable[Observation]:
    return [Observation(one.objective.threshold, _labels(one, with_figure=True)) for one in seen.promises]


def _of_windows(seen: Seen) -> Iterable[Observation]:
    return [Observation(one.objective.window_s, _labels(one)) for one in seen.promises]


def _of_policy(status: PolicyStatus) -> Iterable[Observation]:
    # Where nobody was asked yet nothing is wrong; OPA has no revision, and judges unless something is.
    return _by_state(used=int(bool(status.revision) or not status.error), wrong=int(bool(status.error)))


def _by_state(**states: int) -> list[Observation]:
    return [Observation(number, {"state": state}) for state, number in states.items()]


def _labels(promise: Promise, *, with_figure: bool = False) -> dict[str, str]:
    labels = {
        "contract": promise.contract.name,
        "objective": promise.objective.name,
        "severity": promise.objective.severity,
        "consumer": promise.contract.consumer,
    }
    figure = {"figure": promise.objective.key, "unit": promise.objective.unit}
    return labels | (figure if with_figure else {})


def _each(counts: Counter[str], label: str) -> Callback:
    # A copy, as the meter reads from a thread of its own.
    return lambda _options: [Observation(count, {label: name}) for name, count in counts.copy().items()]


def _gauge(observed: Callable[[], Iterable[Observation]]) -> Callback:
    return lambda _options: observed()
