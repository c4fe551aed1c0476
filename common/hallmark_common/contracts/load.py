"""Contracts from their files: every fault of every file is found, and a broken file does not hide the others."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hallmark_common.contracts.check import check_contract, check_objectives
from hallmark_common.contracts.document import Document, DocumentError, Place, read_document
from hallmark_common.contracts.model import Contract, Objective
from hallmark_common.contracts.problem import Finding, Problem, problems_of

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ContractFile:
    """What one file holds; ``contract`` is None where it cannot be used, ``findings`` says why."""

    path: Path
    contract: Contract | None
    findings: tuple[Finding, ...]
    document: Document

    def found(self, problems: Sequence[Problem]) -> tuple[Finding, ...]:
        """Problems of the contract with their places in this file, in the order of these."""
        return _sorted([Finding(self.path, self.document.place(problem.where), problem) for problem in problems])

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings without the warnings."""
        return tuple(finding for finding in self.findings if finding.problem.level == "error")


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds: the contracts that can be used, and what is wrong with the others."""

    contracts: tuple[Contract, ...]
    errors: tuple[Finding, ...]


def read_contract(path: Path) -> ContractFile:
    """Read one file; never fails, whatever is in it."""
    try:
        document = read_document(_text(path))
    except DocumentError as error:
        return ContractFile(path, None, (_finding(path, error),), Document(None, {}, ()))
    broken = tuple(_finding(path, error) for error in document.errors)
    try:
        contract = Contract.model_validate(document.data)
    except ValidationError as error:
        file = ContractFile(path, None, (), document)
        problems = [*problems_of(error, Contract), *check_objectives(_sound_objectives(document.data))]
        return ContractFile(path, None, _sorted((*broken, *file.found(problems))), document)
    file = ContractFile(path, contract, broken, document)
    findings = _sorted((*broken, *file.found([*_misnamed(path, contract), *check_contract(contract)])))
    usable = all(finding.problem.level == "warning" for finding in findings)
    return ContractFile(path, contract if usable else None, findings, document)


def scan_contracts(folder: Path) -> Scan:
    """Every contract in a folder that can be used, by name, and what is wrong with the others."""
    files = read_contracts(contract_files(folder))
    contracts = sorted((file.contract for file in files if file.contract), key=lambda contract: contract.name)
    return Scan(tuple(contracts), tuple(finding for file in files for finding in file.errors))


def read_contracts(paths: Iterable[Path]) -> tuple[ContractFile, ...]:
    """Read files, in that order; of two with the same contract only the first is used."""
    return tuple(_first_of_each(read_contract(path) for path in paths))


def instead_of_broken(version: str) -> str:
    """What is judged by where a file cannot be used; ``version`` is that of its contract in use, empty for none."""
    return f"its version {version} stays in use" if version else "nothing is judged by it"


def contract_files(folder: Path) -> tuple[Path, ...]:
    """``*.yaml`` and ``*.yml`` in a folder, but for those whose name begins with . or _; none where no folder is."""
    found = folder.iterdir() if folder.is_dir() else ()
    return tuple(sorted(path for path in found if path.suffix in SUFFIXES and path.name[0] not in "._"))


def _first_of_each(files: Iterable[ContractFile]) -> Iterator[ContractFile]:
    first: dict[str, Path] = {}
    for file in files:
        name = file.contract.name if file.contract else None
        if name in first:
            twice = Problem(("name",), f"{first[name]} has the contract {name!r} too; remove one")
            yield ContractFile(file.path, None, (*file.findings, *file.found([twice])), file.document)
            continue
        if name:
            first[name] = file.path
        yield file


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DocumentError((), Place(1, 1), "no such file; give the path of a contract") from None
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise DocumentError((), Place(1, 1), f"cannot be read: {why}; check what it is") from None
    if len(content) > MAX_BYTES:
        raise DocumentError((), Place(1, 1), f"has {len(content)} bytes; a contract has at most {MAX_BYTES}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError((), Place(line, 1), "is not UTF-8; save it as UTF-8") from None


def _sound_objectives(data: Any) -> dict[int, Objective]:
    """The objectives of a contract that is wrong elsewhere which are right by themselves, by position."""
    given = data.get("objectives") if isinstance(data, dict) else None
    found: dict[int, Objective] = {}
    for index, part in enumerate(given if isinstance(given, list) else ()):
        with suppress(ValidationError):
            found[index] = Objective.model_validate(part)
    return found


def _misnamed(path: Path, contract: Contract) -> list[Problem]:
    if contract.name == path.stem:
        return []
    return [Problem(("name",), f"is {contract.name!r} but the file is {path.name}; make them equal")]


def _finding(path: Path, error: DocumentError) -> Finding:
    return Finding(path, error.place, Problem(error.where, error.message))


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.place.line, finding.place.column)))
