"""Names of imported contracts and objectives: what files and reports can carry."""

import re
from collections.abc import Iterable, Sequence

MAX_NAME = 63


def valid_contract_name(text: str) -> str:
    """A name made of any text: lower case, everything else than letters and digits as one -."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_NAME].rstrip("-")


def contract_names(base: str, consumers: Sequence[str]) -> dict[str, str]:
    """The name of the contract of each consumer: with one the base alone, with several each with the consumer's."""
    if len(consumers) == 1:
        return {consumers[0]: base}
    made = unique(valid_contract_name(f"{base}-{consumer}") for consumer in consumers)
    return dict(zip(consumers, made, strict=True))


def unique(names: Iterable[str]) -> list[str]:
    """The names in order, those that are taken with a number behind."""
    found: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in found:
            number += 1
            candidate = f"{name[: MAX_NAME - 1 - len(str(number))]}-{number}"
        found.append(candidate)
    return found
