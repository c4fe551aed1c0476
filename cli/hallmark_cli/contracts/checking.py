"""What is wrong with contracts, by themselves and for the models that are there."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hallmark_cli.errors import CliError
from hallmark_common.contracts.check import check_contract
from hallmark_common.contracts.load import ContractFile, contract_files, read_contracts
from hallmark_common.contracts.problem import Finding, Problem
from hallmark_common.model_spec import MODEL_FILE, ModelSpec, ModelSpecError, parse_model_spec
from hallmark_common.settings import Settings, variable, windows_in


@dataclass(frozen=True, slots=True)
class Checked:
    """One file and all that was found in it."""

    file: ContractFile
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether the engine can judge by it; a warning does not keep it from that."""
        return all(finding.problem.level == "warning" for finding in self.findings)


def check_files(paths: Sequence[Path], settings: Settings) -> tuple[Checked, ...]:
    """Read and check files, and those in folders; the folder of contracts where no path is given.

    :class:`CliError` where a folder holds none.
    """
    found = [path for given in paths or [contracts_folder(settings)] for path in _files(given)]
    files = read_contracts(dict.fromkeys(found))
    return tuple(_checked(file, settings) for file in files)


def contracts_folder(settings: Settings) -> Path:
    """The folder of contracts; :class:`CliError` where there is none."""
    if not settings.contracts_dir.is_dir():
        setting = variable("contracts_dir")
        raise CliError(f"{settings.contracts_dir}: no such folder; set {setting} or give the path of a contract")
    return settings.contracts_dir


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = contract_files(path)
    if not found:
        raise CliError(f"{path}: holds no contract; write NAME.yaml there, docs/contracts.md says how")
    yield from found


def _checked(file: ContractFile, settings: Settings) -> Checked:
    if file.contract is None:
        return Checked(file, file.findings)
    windows = windows_in(settings.qoa_windows)
    try:
        spec = model_of(file.contract.model.name, settings.models_dir)
    except ModelSpecError as error:
        problems = [Problem(("model", "name"), str(error)), *check_contract(file.contract, None, windows)]
    else:
        problems = check_contract(file.contract, spec, windows)
    return Checked(file, file.found(problems))


def model_of(name: str, models_dir: Path) -> ModelSpec:
    """The declaration of a model; :class:`ModelSpecError` where there is none or it is wrong."""
    known = sorted(path.parent.name for path in models_dir.glob(f"[!._]*/{MODEL_FILE}"))
    if name in known:
        return parse_model_spec(models_dir / name / MODEL_FILE)
    close = difflib.get_close_matches(name, known, n=1)
    hint = (
        f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}; or set HALLMARK_MODELS_DIR"
    )
    raise ModelSpecError(f"no model {name!r} in {models_dir}; {hint}")
