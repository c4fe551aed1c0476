"""Answers: what a policy said, checked. Nothing that is not exactly as it should be becomes a verdict. Pure."""

from collections.abc import Sequence
from typing import cast, get_args

from hallmark_qoa.judge.facts import Facts, Judgement, Verdict
from hallmark_qoa.judge.policy.base import PolicyError

VERDICTS = get_args(Verdict)


def judgements(answer: object, facts: Sequence[Facts]) -> list[Judgement]:
    """The judgement of each of the facts, ``unknown`` with the reason where it is not usable.

    :class:`PolicyError` where the answer as a whole is not.
    """
    return [_usable(item, about) for item, about in zip(_listed(answer, len(facts)), facts, strict=True)]


def check(answer: object, facts: Sequence[Facts]) -> None:
    """Raise :class:`PolicyError` where anything of an answer is not usable."""
    for item, about in zip(_listed(answer, len(facts)), facts, strict=True):
        _judgement(item, about)


def _listed(answer: object, count: int) -> list[object]:
    if not isinstance(answer, list):
        raise PolicyError(f"data.hallmark.verdicts of the policy is {_kind(answer)} instead of an array")
    if len(answer) != count:
        raise PolicyError(f"the policy gave {len(answer)} verdicts for {count} facts; it must give one for each")
    return answer


def _usable(item: object, facts: Facts) -> Judgement:
    try:
        return _judgement(item, facts)
    except PolicyError as error:
        return Judgement("unknown", (str(error),))


def _judgement(item: object, facts: Facts) -> Judgement:
    """PolicyError for anything but ``{"verdict": …, "reasons": […]}``."""
    if not isinstance(item, dict) or item.keys() != {"verdict", "reasons"}:
        raise PolicyError("the policy gave something else than an object with verdict and reasons")
    verdict, reasons = item["verdict"], item["reasons"]
    if verdict not in VERDICTS:
        raise PolicyError(f"the policy gave a verdict that is none of {', '.join(VERDICTS)}")
    if not isinstance(reasons, list) or not all(isinstance(reason, str) for reason in reasons):
        raise PolicyError("the policy gave reasons that are not an array of strings")
    if verdict == "pass" and facts.value is None:
        raise PolicyError("the policy passes what has no value")
    return Judgement(cast(Verdict, verdict), tuple(reasons))


def _kind(answer: object) -> str:
    return "undefined" if answer is None else f"of type {type(answer).__name__}"
