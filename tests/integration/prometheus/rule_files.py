"""The rules and alerts of prometheus/, and what they read."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.support.command import ROOT

FOLDER = ROOT / "prometheus"

_STRING = re.compile(r'"[^"]*"')
_LABELS = re.compile(r"\{[^{}]*\}|\b(?:by|without|on|ignoring)\s*\([^()]*\)")
_DURATION = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*(?!\s*\()\b")
_NAME_MATCHER = re.compile(r'\{__name__=~"([^"]+)"')
_KEYWORDS = {"and", "or", "unless", "by", "on", "ignoring", "offset", "bool"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule or an alert."""

    file: str
    name: str
    expr: str
    alert: bool
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


def rules() -> list[Rule]:
    """All of them."""
    return [
        _rule(path.name, rule)
        for path in sorted((FOLDER / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts() -> list[Rule]:
    """The alerts."""
    return [rule for rule in rules() if rule.alert]


def _rule(file: str, rule: dict[str, Any]) -> Rule:
    name = rule.get("alert") or rule["record"]
    labels = {key: str(value) for key, value in rule.get("labels", {}).items()}
    return Rule(file, name, rule["expr"], "alert" in rule, labels, rule.get("annotations", {}))


def metrics_of(expr: str) -> set[str]:
    """The names of metrics in a PromQL expression; ``{__name__=~"…"}`` for a selector that has none.

    What is left of an expression without strings, labels and durations is operators, numbers, functions (a parenthesis
    follows) and metrics.
    """
    matched = {f'{{__name__=~"{pattern}"}}' for pattern in _NAME_MATCHER.findall(expr)}
    bare = expr
    for pattern in (_STRING, _LABELS, _DURATION):
        bare = pattern.sub(" ", bare)
    return matched | {name for name in _NAME.findall(bare) if name not in _KEYWORDS}
