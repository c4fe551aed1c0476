"""What consumers are owed: contracts as YAML, read, checked and described."""

from hallmark_common.contracts.check import check_contract
from hallmark_common.contracts.load import scan_contracts
from hallmark_common.contracts.model import Contract, Objective

__all__ = ["Contract", "Objective", "check_contract", "scan_contracts"]
