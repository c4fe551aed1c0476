"""Quantities as people write them: ``200ms``, ``5%``, ``7d``."""

import re
from decimal import Decimal, InvalidOperation

TIME = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(7 * 86400),
}
"""Seconds of each unit of time."""

SHARE = {"%": Decimal("0.01")}
"""Shares of one."""

_QUANTITY = re.compile(r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?) ?([^0-9.\s].*)?")
_DURATION = re.compile(r"([1-9][0-9]{0,8})(s|m|h|d|w)")


def seconds_in(text: str) -> int:
    """``90s``, ``5m``, ``1h``, ``7d``, ``2w`` in seconds; ValueError for anything else."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"expected a time such as 90s, 5m, 1h or 7d, got {text!r}")
    return int(found[1]) * int(TIME[found[2]])


def quantity_in(text: str, unit: str) -> float:
    """A number with or without a unit, in ``unit``: that of a metric, ``s`` for times and ``ratio`` for shares.

    ValueError where it is no number, or has a unit that is none of these and not ``unit`` itself.
    """
    found = _QUANTITY.fullmatch(text.strip())
    try:
        number = Decimal(found[1]) if found else None
    except InvalidOperation:
        number = None
    if found is None or number is None:
        raise ValueError(f"expected a number{_example(unit)}, got {text!r}")
    if found[2] in (None, unit):
        return float(number)
    factors = {"s": TIME, "ratio": SHARE}.get(unit, {})
    if found[2] not in factors:
        raise ValueError(f"expected a number{_example(unit)}, got {text!r}: {found[2]!r} is no unit of it")
    return float(number * factors[found[2]])


def _example(unit: str) -> str:
    examples = {"s": " in s, or a time such as 200ms", "ratio": " from 0 to 1, or a share such as 5%"}
    if unit in examples or unit in ("", "1"):
        return examples.get(unit, "")
    return f" in {unit}" if "column" not in unit else " in the unit of what is measured"
