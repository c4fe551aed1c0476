"""What is wrong with a contract that can be read, beyond what its schema says: pure, given the model."""

from collections.abc import Collection, Iterator, Mapping

from hallmark_common.catalogue import BETTER_SIDE, CATALOGUE
from hallmark_common.contracts.document import Where
from hallmark_common.contracts.figures import expected_one_of, range_of
from hallmark_common.contracts.fit import fit_problems
from hallmark_common.contracts.model import Budget, Contract, Objective
from hallmark_common.contracts.problem import Problem
from hallmark_common.contracts.quantity import seconds_in
from hallmark_common.model_spec import ModelSpec
from hallmark_common.settings import WINDOWS, variable


def check_contract(
    contract: Contract, spec: ModelSpec | None = None, windows: Collection[int] | None = None
) -> list[Problem]:
    """All that is wrong with a contract; what only a model or the sizes of kept windows tell where these are given.

    ``windows`` are sizes in seconds. Errors make a contract useless, warnings make it unlikely to be what was meant.
    """
    objectives = dict(enumerate(contract.objectives))
    return [
        *_dates(contract),
        *_silences(contract),
        *check_objectives(objectives, windows),
        *(fit_problems(contract, spec) if spec else ()),
    ]


def check_objectives(objectives: Mapping[int, Objective], windows: Collection[int] | None = None) -> Iterator[Problem]:
    """What is wrong with objectives, by their position in the contract, whatever else is in it."""
    yield from _names(objectives)
    for index, objective in objectives.items():
        where = ("objectives", index)
        yield from _threshold(objective, where)
        yield from _window(objective, windows, where)
        if objective.budget:
            yield from _budget(objective.budget, objective.window_s, (*where, "budget"))


def _dates(contract: Contract) -> Iterator[Problem]:
    since, until = contract.valid.since, contract.valid.until
    if since and until and since >= until:
        yield Problem(("valid", "until"), f"is {until:%F %T}, not after `from`, {since:%F %T}: it would never hold")


def _names(objectives: Mapping[int, Objective]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, objective in objectives.items():
        if objective.name in first:
            taken = f"objectives[{first[objective.name]}] is called {objective.name!r} too; choose another name"
            yield Problem(("objectives", index, "name"), taken)
        first.setdefault(objective.name, index)


def _silences(contract: Contract) -> Iterator[Problem]:
    names = [objective.name for objective in contract.objectives]
    for index, silence in enumerate(contract.silences):
        if silence.since >= silence.until:
            late = f"is {silence.until:%F %T}, not after `from`, {silence.since:%F %T}: nothing would be silent"
            yield Problem(("silences", index, "until"), late)
        for at, name in enumerate(silence.objectives):
            if name not in names:
                yield Problem(("silences", index, "objectives", at), expected_one_of("objective", name, names))


def _threshold(objective: Objective, where: Where) -> Iterator[Problem]:
    metric = CATALOGUE[objective.metric]
    low, high = range_of(metric, objective.of, objective.aggregate)
    extreme = {"<": low, ">": high}.get(objective.operator)
    if objective.threshold == extreme:
        never = f"{objective.key} is never {objective.operator} {_short(extreme)}; write {objective.operator}="
        yield Problem((*where, "threshold"), never)
    if objective.threshold == {"<=": high, ">=": low}.get(objective.operator):
        always = f"{objective.key} always is {objective.operator} {_short(objective.threshold)}: it promises nothing"
        yield Problem((*where, "threshold"), always, "warning")
    if objective.operator not in BETTER_SIDE[metric.direction]:
        worse = f"{metric.direction} is better for {metric.name}, and {objective.operator} asks for the contrary"
        yield Problem((*where, "operator"), worse, "warning")


def _short(value: float) -> str:
    return f"{value:g}"


def _window(objective: Objective, windows: Collection[int] | None, where: Where) -> Iterator[Problem]:
    if windows is not None and objective.window_s not in windows:
        kept = ", ".join(name for name, size in WINDOWS.items() if size in windows)
        yield Problem((*where, "window"), f"windows of {objective.window} are not kept, {kept} are; {_OR_KEEP}")


_OR_KEEP = f"choose one of them or set {variable('qoa_windows')}"


def _budget(budget: Budget, window_s: int, where: Where) -> Iterator[Problem]:
    yield from _multiple(budget.period, window_s, (*where, "period"))
    if (budget.burn_rate is None) != (budget.over is None):
        missing = "burn_rate" if budget.burn_rate is None else "over"
        yield Problem(where, f"{missing} is missing; burn_rate and over go together")
    elif budget.burn_rate is not None and budget.over is not None:
        yield from _multiple(budget.over, window_s, (*where, "over"))
        if seconds_in(budget.over) > budget.period_s:
            yield Problem((*where, "over"), f"{budget.over} is longer than the period, {budget.period}; shorten it")
        yield from _burn_rate(budget.burn_rate, budget.target, where)


def _burn_rate(burn_rate: float, target: float, where: Where) -> Iterator[Problem]:
    """Where every window is bad, the share is 1 and the rate 1 / (1 - target): no rate is above that."""
    most = 1 / (1 - target)
    if burn_rate > most * (1 + 1e-9):
        never = f"{_short(burn_rate)} is never reached: with target {target:g} the rate is at most {most:g}; lower it"
        yield Problem((*where, "burn_rate"), never)


def _multiple(duration: str, window_s: int, where: Where) -> Iterator[Problem]:
    seconds = seconds_in(duration)
    if seconds < window_s or seconds % window_s:
        yield Problem(where, f"{duration} is no multiple of the window, {window_s} s; choose one that is")
