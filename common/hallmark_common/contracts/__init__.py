"""What consumers are owed: contracts as YAML, read, checked and described."""

from hallmark_common.contracts.check import check_contract
from hallmark_common.contracts.load import load_contracts, parse_contract, scan_contracts
from hallmark_common.contracts.model import Contract, Objective
from hallmark_common.contracts.problem import ContractError, Finding, Problem

__all__ = [
    "Contract",
    "ContractError",
    "Finding",
    "Objective",
    "Problem",
    "check_contract",
    "load_contracts",
    "parse_contract",
    "scan_contracts",
]
