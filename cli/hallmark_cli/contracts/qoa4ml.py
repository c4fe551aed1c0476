"""A contract of QoA4ML, as of 0.3 (``qoa4ml.lang.ml_contract``) and as before."""

from collections.abc import Iterator, Mapping
from typing import Any

from hallmark_cli.contracts.constraint import Constraint, objectives_of
from hallmark_cli.contracts.draft import Draft, DraftObjective, Left
from hallmark_cli.contracts.qoa4ml_names import ROLES, SECTIONS, Section, bare

Document = Mapping[str, Any]

_BESIDE = {
    "security": "Hallmark does not judge how data is encrypted",
    "privacy": "Hallmark does not measure risks to privacy",
    "interpretability": "Hallmark does not explain predictions",
    "fairness": "it does not say between whom; write a `spread` over a dimension of model.yaml",
    "cost": "it does not say of what; write `price` with an aggregate",
}
"""Why nothing is made of the parts that are no constraints of metrics."""

_READ_OLD = ("operators", "unit", "value")
_LABELS = ("id", "attributenames", "description")
"""Keys that promise nothing."""


def is_qoa4ml(document: Document) -> bool:
    """Whether a document has that form."""
    return isinstance(document.get("quality"), Mapping)


def read_qoa4ml(document: Document) -> Draft:
    """What of it can be said here."""
    parts = [*_quality(document["quality"]), *_others(document)]
    stakeholders = list(_stakeholders(document.get("stakeholders")))
    people = [part for part in stakeholders if not isinstance(part, Left)]
    return Draft(
        form="QoA4ML",
        consumers=tuple(dict.fromkeys(person["name"] for person in people if person["role"] == "consumer")),
        stakeholders=tuple(people),
        objectives=tuple(part for part in parts if isinstance(part, DraftObjective)),
        left=(*(part for part in stakeholders if isinstance(part, Left)), *_lefts(parts)),
    )


def _lefts(parts: list[DraftObjective | Left]) -> Iterator[Left]:
    yield from (part for part in parts if isinstance(part, Left))


def _others(document: Document) -> Iterator[Left]:
    for key, value in document.items():
        if key in ("stakeholders", "quality") or not value:
            continue
        if key in ("resources", "provision"):
            yield Left(key, "what is provided on which machines is no part of a contract here")
        else:
            yield Left(key, _BESIDE.get(key, "is no part of QoA4ML's contracts that is known here"))


def _quality(quality: Document) -> Iterator[DraftObjective | Left]:
    for name, value in quality.items():
        section = SECTIONS.get(bare(name))
        if section:
            for constraint in _constraints(f"quality.{name}", section, value):
                yield from objectives_of(constraint) if isinstance(constraint, Constraint) else [constraint]
        elif value:
            yield Left(f"quality.{name}", _BESIDE.get(name, "is no part of QoA4ML's contracts that is known here"))


def _constraints(where: str, section: Section, value: object) -> Iterator[Constraint | Left]:
    """Those of a section: a list of parts, or before 0.3 one part too."""
    if isinstance(value, list):
        for at, part in enumerate(value):
            yield from _constraints(f"{where}[{at}]", section, part)
    elif not isinstance(value, Mapping):
        yield Left(where, "holds no constraint")
    elif isinstance(value.get("constraint_list"), list):
        for at, part in enumerate(value["constraint_list"]):
            yield _constraint(f"{where}.constraint_list[{at}]", section, part)
    else:
        for name, part in value.items():
            yield _old_constraint(f"{where}.{name}", section, name, part)


def _constraint(where: str, section: Section, part: object) -> Constraint | Left:
    """As of 0.3: MetricConstraint."""
    metric = part.get("metrics") if isinstance(part, Mapping) else None
    condition = part.get("condition") if isinstance(part, Mapping) else None
    if not isinstance(part, Mapping) or not isinstance(metric, Mapping) or not isinstance(condition, Mapping):
        return Left(where, "has no `metrics` and, beside it, `condition`")
    return Constraint(
        where=where,
        section=section,
        metric=str(metric.get("metric_name", "")),
        operators=(str(condition.get("operator", "")),),
        value=condition.get("value"),
        unit=str(metric.get("unit") or ""),
        aggregate=str(part.get("aggregate_function") or ""),
    )


def _old_constraint(where: str, section: Section, name: str, part: object) -> Constraint | Left:
    """As before 0.3: a metric with ``operators``, ``value`` and ``unit``, each maybe a list."""
    if not isinstance(part, Mapping):
        return Left(where, "has no `operators` and `value`")
    conditions = {key: value for key, value in part.items() if key not in (*_READ_OLD, *_LABELS)}
    units = _listed(part.get("unit"))
    return Constraint(
        where=where,
        section=section,
        metric=name,
        operators=tuple(str(operator) for operator in _listed(part.get("operators"))),
        value=part.get("value"),
        unit=str(units[0]) if len(units) == 1 else "",
        conditions=tuple(f"{key} {', '.join(map(str, _listed(value)))}" for key, value in conditions.items()),
    )


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _stakeholders(given: object) -> Iterator[dict[str, str] | Left]:
    for at, person in enumerate(_listed(given)):
        where = f"stakeholders[{at}]"
        name = (person.get("id") or person.get("name")) if isinstance(person, Mapping) else None
        if not isinstance(person, Mapping) or not name:
            yield Left(where, "has neither id nor name")
            continue
        roles = [ROLES.get(bare(role), "other") for role in _listed(person.get("roles"))] or ["other"]
        # Who is a consumer among other things is owed something: that counts most here.
        role = "consumer" if "consumer" in roles else roles[0]
        yield {"name": str(name), "role": role}
        provided = _listed(person.get("provisioning") or person.get("provision"))
        if provided:
            yield Left(f"{where} ({name})", f"what is provided, {', '.join(map(str, provided))}, has no place here")
