"""The contract of the tutorials on monitoring with QoA4ML: users, and the most time of each stage of an application."""

from collections.abc import Iterator, Mapping
from typing import Any

from hallmark_cli.contracts.draft import Draft, DraftObjective, Left
from hallmark_cli.contracts.qoa4ml_names import STAGES, bare

_THRESHOLD = "response_time_threshold"


def is_tutorial(document: Mapping[str, Any]) -> bool:
    """Whether a document has that form."""
    return isinstance(document.get("stages"), Mapping)


def read_tutorial(document: Mapping[str, Any]) -> Draft:
    """What of it can be said here; every report is judged there, so the slowest request of each window is here."""
    parts = [part for stage, promised in document["stages"].items() for part in _stage(stage, promised)]
    unknown = sorted(document.keys() - {"application", "user", "stages"})
    given = document.get("user", [])
    users = given if isinstance(given, list) else [given]
    named = tuple(dict.fromkeys(user for user in users if isinstance(user, str) and user))
    return Draft(
        form="the tutorial form",
        title=str(document.get("application", "")),
        consumers=named,
        stakeholders=tuple({"name": user, "role": "consumer"} for user in named),
        objectives=tuple(part for part in parts if isinstance(part, DraftObjective)),
        left=(
            *(Left(f"user[{at}]", "is no name") for at, user in enumerate(users) if user not in named),
            *(part for part in parts if isinstance(part, Left)),
            *(Left(key, "is no key of this form that is known here") for key in unknown),
        ),
    )


def _stage(name: str, promised: object) -> Iterator[DraftObjective | Left]:
    where = f"stages.{name}"
    if not isinstance(promised, Mapping):
        yield Left(where, "holds no thresholds")
        return
    for key, value in promised.items():
        if key != _THRESHOLD:
            yield Left(f"{where}.{key}", "no such threshold is known here; docs/metrics.md lists what is measured")
        elif bare(name) not in STAGES:
            yield Left(f"{where}.{key}", "no such stage here; the stages are web, preprocess and inference")
        else:
            yield DraftObjective(f"{where}.{key}", _slowest(STAGES[bare(name)], value), "every request counts")


def _slowest(stage: str, threshold: object) -> dict[str, Any]:
    return {
        "name": f"{stage}-response-time",
        "metric": "response_time",
        "of": stage,
        "aggregate": "max",
        "operator": "<=",
        "threshold": threshold,
        "window": "1m",
        "least_count": 1,
    }
