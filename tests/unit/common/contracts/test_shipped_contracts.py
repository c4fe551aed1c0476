"""The contracts that are shipped, and what is generated of their form."""

import json
from collections import Counter

import pytest

from hallmark_common import docs
from hallmark_common.contracts import check_contract
from hallmark_common.contracts.load import contract_files, read_contract
from hallmark_common.contracts.model import Budget, Contract, ModelRef, Objective, Silence, Stakeholder, Validity
from hallmark_common.model_spec import MODEL_FILE, parse_model_spec
from hallmark_common.settings import WINDOWS
from tests.support.command import ROOT

CONTRACTS = ROOT / "contracts"
PARTS = (Contract, ModelRef, Objective, Budget, Validity, Silence, Stakeholder)
SHIPPED = contract_files(CONTRACTS)


def test_there_is_one_for_a_model_of_each_kind() -> None:
    assert {path.stem for path in SHIPPED} == {"digits-page", "flights-operations"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_is_right_for_its_model(path: object) -> None:
    (file,) = (read_contract(each) for each in SHIPPED if each == path)
    assert file.findings == ()
    assert file.contract is not None
    spec = parse_model_spec(ROOT / "models" / file.contract.model.name / MODEL_FILE)
    assert check_contract(file.contract, spec, tuple(WINDOWS.values())) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_editors_find_the_schema_and_people_a_word_on_each_objective(path: object) -> None:
    (found,) = (each for each in SHIPPED if each == path)
    text = found.read_text()
    assert text.startswith("# yaml-language-server: $schema=contract.schema.json\n")
    assert (CONTRACTS / "contract.schema.json").is_file()
    counts = Counter(line.split(":")[0].strip(" -") for line in text.splitlines() if line.startswith("    "))
    assert counts["description"] >= counts["metric"] > 0


def test_schema_is_closed_and_names_every_key() -> None:
    schema = json.loads(docs.render_contract_schema())
    assert set(schema["$defs"]) | {"Contract"} == {part.__name__ for part in PARTS}
    for part in PARTS:
        document = schema if part is Contract else schema["$defs"][part.__name__]
        assert set(document["properties"]) == {field.alias or name for name, field in part.model_fields.items()}
        assert document["additionalProperties"] is False


def test_page_lists_every_key_with_its_meaning() -> None:
    page = docs.render_contracts_page()
    for part in PARTS:
        for name, field in part.model_fields.items():
            assert f"| `{field.alias or name}` |" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.split(" | ")[-1].strip(" |") == ""] == []
