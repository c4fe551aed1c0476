"""What is said of contracts and of a policy that cannot be used."""

import pytest

from hallmark.qoa.v1.qoa_pb2 import ContractStatus, GetJudgingResponse
from hallmark_cli.report.judging import unusable

WRONG = "contracts/desk.yaml:7:3: threshold: expected at least 0, got -1"
BROKEN = "policies/own.rego:3: unexpected token"


def test_nothing_where_nothing_is_wrong() -> None:
    assert unusable(GetJudgingResponse(contracts=[ContractStatus(name="desk", version="1")])) == ()


@pytest.mark.parametrize(("version", "instead"), [("", "nothing is judged by it"), ("2", "its version 2 stays in use")])
def test_a_contract_and_what_is_used_instead(version: str, instead: str) -> None:
    found = GetJudgingResponse(contracts=[ContractStatus(name="desk", version=version, error=WRONG)])
    assert unusable(found) == (f"{WRONG}; {instead}",)


@pytest.mark.parametrize(
    ("revision", "instead"), [("", "every verdict is unknown"), ("a1", "the policy before stays in use")]
)
def test_a_policy_and_what_is_used_instead(revision: str, instead: str) -> None:
    found = GetJudgingResponse(policy_revision=revision, policy_error=BROKEN)
    assert unusable(found) == (f"{BROKEN}; {instead}",)
