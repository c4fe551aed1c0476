"""Promises: the contracts in use, taken up again when their files change.

A file that is broken does not take away the contract that was read from it before: that stays in use, and the error is
told.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.contracts import Contract, Objective
from hallmark_common.contracts.load import contract_files, instead_of_broken, read_contracts
from hallmark_common.contracts.model import EVERYONE, Silence

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of a contract."""

    contract: Contract
    objective: Objective


class Promised:
    """What contracts promise."""

    def __init__(self, contracts: Iterable[Contract] = ()) -> None:
        self._contracts = _by_name(contracts)

    def about(self, consumer: str, model: str, size_s: int) -> list[Promise]:
        """What a consumer is promised of a model in windows of a size, in order of contract and objective."""
        return [
            Promise(contract, objective)
            for contract in self.contracts()
            if contract.consumer in (EVERYONE, consumer) and contract.model.name == model
            for objective in contract.objectives
            if objective.window_s == size_s
        ]

    def silence_of(self, verdict: WindowVerdict) -> Silence | None:
        """The silence because of which its contract wants nobody to be told of a verdict."""
        contract = self._contracts.get(verdict.contract)
        return None if contract is None else contract.silenced(verdict.objective, verdict.start.ToNanoseconds())

    def contracts(self) -> list[Contract]:
        """Those in use, in order of their names."""
        return list(self._contracts.values())


class Promises(Promised):
    """The contracts of a folder; ``clock`` tells seconds of a monotonic clock."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        super().__init__()
        self._folder = folder
        self._clock = clock
        self._looked_s = float("-inf")
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._errors: dict[str, str] = {}

    def contracts(self) -> list[Contract]:
        """Those in use by now, in order of their names."""
        self._look()
        return super().contracts()

    def errors(self) -> dict[str, str]:
        """What is wrong with files, by the name of the contract."""
        self._look()
        return dict(self._errors)

    def _look(self) -> None:
        now_s = self._clock()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        seen = tuple(map(_state, contract_files(self._folder)))
        if seen != self._seen:
            self._seen = seen
            self._read()

    def _read(self) -> None:
        files = read_contracts(contract_files(self._folder))
        before, errors_before = self._contracts, self._errors
        contracts = [file.contract or before.get(file.path.stem) for file in files]
        self._contracts = _by_name(filter(None, contracts))
        self._errors = {file.path.stem: str(file.errors[0]) for file in files if file.errors}
        for name, error in self._errors.items():
            if errors_before.get(name) != error:
                used = self._contracts.get(name)
                logger.warning("%s; %s", error, instead_of_broken(used.version if used else ""))


def _by_name(contracts: Iterable[Contract]) -> dict[str, Contract]:
    return {one.name: one for one in sorted(contracts, key=lambda one: one.name)}


def _state(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, 0, 0
    return path.name, state.st_mtime_ns, state.st_size
