"""What of a draft a contract can hold: objectives that are right by themselves and that the model can be asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from hallmark_cli.contracts.draft import Draft, DraftObjective, Left
from hallmark_cli.contracts.naming import unique
from hallmark_common.contracts.check import check_objectives
from hallmark_common.contracts.fit import misfits
from hallmark_common.contracts.model import Objective
from hallmark_common.contracts.problem import problems_of, spelled
from hallmark_common.model_spec import ModelSpec
from hallmark_common.settings import Settings, windows_in


@dataclass(frozen=True, slots=True)
class Imported:
    """What goes into the file, and what does not."""

    objectives: tuple[DraftObjective, ...]
    left: tuple[Left, ...]


def fitted(draft: Draft, spec: ModelSpec, settings: Settings) -> Imported:
    """Part the objectives of a draft: what a contract on that model can hold, and the others with the reason."""
    windows = windows_in(settings.qoa_windows)
    kept: list[DraftObjective] = []
    left = list(draft.left)
    for objective in draft.objectives:
        why = next(_faults(objective, spec, windows), None)
        if why is None:
            kept.append(objective)
        else:
            left.append(Left(objective.where, why))
    names = unique(str(objective.keys["name"]) for objective in kept)
    renamed = (
        replace(objective, keys={**objective.keys, "name": name}) for objective, name in zip(kept, names, strict=True)
    )
    return Imported(tuple(renamed), tuple(left))


def _faults(draft: DraftObjective, spec: ModelSpec, windows: tuple[int, ...]) -> Iterator[str]:
    try:
        objective = Objective.model_validate(dict(draft.keys))
    except ValidationError as error:
        yield from (f"{spelled(problem.where)}: {problem.message}" for problem in problems_of(error, Objective))
        return
    yield from (problem.message for problem in check_objectives({0: objective}, windows) if problem.level == "error")
    yield from (message for _, message in misfits(objective, spec))
