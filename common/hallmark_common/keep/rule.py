"""Which traces are kept whatever the sampling: those in which a fact at the source already breaks a contract.

A request is told by consumer and model alone. Version, segment and validity of a contract are not looked at: a few
traces too many are kept, none too few.
"""

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from opentelemetry.util.types import AttributeValue

from hallmark_common import attributes
from hallmark_common.catalogue import BETTER_SIDE, CATALOGUE
from hallmark_common.contracts.model import EVERYONE, Contract, Objective
from hallmark_common.keep.samples import FAULTS, Ended, Samples, samples_of

Facts = Mapping[str, AttributeValue]
Breaks = Callable[[float, float], bool]

_BREAKS: Mapping[str, Breaks] = {"<": operator.ge, "<=": operator.gt, ">": operator.le, ">=": operator.lt}
"""What breaks an objective, by its operator."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison; any sample that breaks the threshold is evidence."""

    samples: Samples
    breaks: Breaks
    threshold: float

    def is_broken_by(self, ended: Ended) -> bool:
        """Whether the stage has such a sample."""
        return any(self.breaks(sample, self.threshold) for sample in self.samples(ended))


Rules = tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class KeepRules:
    """What one request can break at one stage: by consumer and model, and by model for every other consumer."""

    of_consumer: Mapping[tuple[str, str], Rules] = field(default_factory=dict)
    of_model: Mapping[str, Rules] = field(default_factory=dict)

    @classmethod
    def for_stage(cls, contracts: Iterable[Contract], stage: str) -> "KeepRules":
        """The rules that contracts mean for ``web``, ``preprocess`` or ``inference``."""
        found: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for contract in contracts:
            rules = (_rule(objective, stage) for objective in contract.objectives)
            found[contract.consumer, contract.model.name] += [rule for rule in rules if rule is not None]
        of_model = {model: _tightest(rules) for (consumer, model), rules in found.items() if consumer == EVERYONE}
        of_consumer = {
            (consumer, model): _tightest([*rules, *of_model.get(model, ())])
            for (consumer, model), rules in found.items()
            if consumer != EVERYONE
        }
        return cls(of_consumer, of_model)

    def find(self, facts: Facts) -> Rules:
        """The rules of a request, by the attributes of its stage span."""
        model = facts.get(attributes.MODEL)
        if not isinstance(model, str):
            return ()
        consumer = str(facts.get(attributes.CONSUMER, attributes.ANONYMOUS))
        return self.of_consumer.get((consumer, model)) or self.of_model.get(model, ())


def _rule(objective: Objective, stage: str) -> Rule | None:
    metric = CATALOGUE[objective.metric]
    samples = samples_of(metric.name, objective.of, stage)
    # A sum over a window says nothing of one request.
    if samples is None or objective.operator not in BETTER_SIDE[metric.direction] or objective.aggregate == "sum":
        return None
    if metric.name in FAULTS:
        return Rule(samples, operator.gt, 0.0)
    return Rule(samples, _BREAKS[objective.operator], objective.threshold)


def _tightest(rules: Iterable[Rule]) -> Rules:
    """Of rules that differ in the threshold only, the one that is broken first."""
    found: dict[tuple[Samples, Breaks], Rule] = {}
    for rule in rules:
        key = (rule.samples, rule.breaks)
        other = found.get(key)
        if other is None or rule.breaks(other.threshold, rule.threshold):
            found[key] = rule
    return tuple(found.values())
