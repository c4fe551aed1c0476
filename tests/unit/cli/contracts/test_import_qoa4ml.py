"""`hallmark contracts import` of QoA4ML: its form since 0.3, and the two forms before."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hallmark_cli.contracts.qoa4ml_names import METRICS
from hallmark_common.catalogue import CATALOGUE
from hallmark_common.contracts import Contract
from tests.support.promises import read_promise

Hallmark = Callable[..., Any]

DATA = Path(__file__).parent / "data"


def constraint(metric: str, operator: str, value: object, function: str = "AVERAGE", unit: str | None = None) -> object:
    """MetricConstraint of qoa4ml.lang.common_models, as of 0.3."""
    metrics = {"metric_name": metric, "records": [], "unit": unit, "description": None}
    return {
        "metrics": metrics,
        "condition": {"operator": operator, "value": value},
        "aggregate_function": function,
    }


def contract_of(**sections: list[object]) -> dict[str, Any]:
    quality = {name: [{"name": f"{name}_constraint", "constraint_list": parts}] for name, parts in sections.items()}
    return {"stakeholders": [], "resources": {}, "quality": quality}


@pytest.fixture
def imported(hallmark: Hallmark, here: Path) -> Callable[..., tuple[Contract, list[str]]]:
    """Imports a document for the model `flights`: the contract, and what is not carried over."""

    def call(document: object) -> tuple[Contract, list[str]]:
        (here / "their.json").write_text(json.dumps(document))
        done = hallmark("import", "their.json", "--model", "flights")
        assert done.code == 0, done.err
        contract = read_promise(here / "contracts" / "their.yaml")
        return contract, [line.removeprefix("not carried over: ") for line in done.err]

    return call


def promises(contract: Contract) -> list[str]:
    return [f"{each.key} {each.operator} {each.threshold:g} {each.unit}" for each in contract.objectives]


def test_a_whole_contract_of_0_3(hallmark: Hallmark, here: Path) -> None:
    done = hallmark("import", str(DATA / "qoa4ml-0.3.json"), "--model", "flights", "--name", "theirs")
    assert done.code == 0
    found = read_promise(here / "contracts" / "theirs.yaml")
    assert found.consumer == "*"
    assert [(person.name, person.role) for person in found.stakeholders] == [
        ("airport", "owner"),
        ("cloud", "operator"),
    ]
    assert promises(found) == [
        "response_time.max <= 0.25 s",
        "response_time.mean < 0.08 s",
        "availability >= 0.999 1",
        "validity >= 0.95 1",
        "none_ratio <= 0.05 1",
        "accuracy >= 0.75 1",
        "auc > 0.6 1",
    ]
    assert [line.removeprefix("not carried over: ") for line in done.err] == [
        "stakeholders[0] (airport): what is provided, ml_models, ml_service, has no place here",
        "stakeholders[1] (cloud): what is provided, storage, has no place here",
        "quality.service[1].constraint_list[1]: cpu_usage: Hallmark measures predictions; watch resources of machines "
        "with Prometheus",
        "quality.security: Hallmark does not judge how data is encrypted",
        "quality.privacy: Hallmark does not measure risks to privacy",
        "quality.interpretability: Hallmark does not explain predictions",
        "resources: what is provided on which machines is no part of a contract here",
        "quality.ml_specific[0].constraint_list[2]: mse is of answers of kind number, those of flights are probability",
    ]


def test_a_whole_contract_from_before_0_3(hallmark: Hallmark, here: Path) -> None:
    done = hallmark("import", str(DATA / "qoa4ml-before-0.3.json"), "--model", "flights", "--name", "theirs")
    assert done.code == 0
    assert [path.name for path in sorted((here / "contracts").iterdir())] == [
        "theirs-desk-1.yaml",
        "theirs-desk-2.yaml",
    ]
    found = read_promise(here / "contracts" / "theirs-desk-1.yaml")
    assert found.consumer == "desk 1"
    assert [person.role for person in found.stakeholders] == ["operator", "owner", "consumer", "consumer"]
    assert promises(found) == [
        "response_time.max <= 0.06 s",
        "response_time.max <= 0.09 s",
        "reliability >= 0.97 1",
        "validity >= 0.9 1",
        "completeness >= 0.85 1",
        "accuracy >= 0.7 1",
    ]
    assert [each.name for each in found.objectives][:2] == ["response-time", "response-time-2"]
    lines = [line.removeprefix("not carried over: ") for line in done.err]
    assert "quality.services[0].ResponseTime: machinetypes small: the objective holds whatever these say" in lines
    assert [line.partition(":")[0] for line in lines][-5:] == [
        "provision",
        "security",
        "fairness",
        "interpretability",
        "cost",
    ]


def test_the_oldest_form_has_one_part_a_section(imported: Callable[..., tuple[Contract, list[str]]]) -> None:
    found, left = imported(
        {
            "stakeholders": {"id": "builder", "roles": ["mlprovider"]},
            "quality": {
                "services": {"ResponseTime": {"operators": ["min"], "value": "300"}},
                "data": {"Accuracy": {"operators": ["min"], "value": "0.98"}},
                "mlmodels": {"Accuracy": {"operators": ["min"], "value": "70"}},
            },
        }
    )
    assert [person.name for person in found.stakeholders] == ["builder"]
    assert promises(found) == ["validity >= 0.98 1", "accuracy >= 0.7 1"]
    assert left == [
        "quality.services.ResponseTime: response_time has no min here; it has p50, p90, p95, p99, mean, max"
    ]


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (constraint("response_time", "less_equal", 80, "AVERAGE", "ms"), ["response_time.mean <= 0.08 s"]),
        (constraint("ResponseTime", "LESS_THAN", 1, "MAX"), ["response_time.max < 1 s"]),
        (constraint("reliability", "greater_than", 99, "AVERAGE", "%"), ["reliability > 0.99 1"]),
        (constraint("reliability", "greater_equal", 99), ["reliability >= 0.99 1"]),
        (
            constraint("response_time", "range", {"min": 0.01, "max": 0.1}),
            ["response_time.mean >= 0.01 s", "response_time.mean <= 0.1 s"],
        ),
        (constraint("throughput", "greater_equal", 3), ["throughput >= 3 1/s"]),
    ],
)
def test_a_constraint_is_an_objective(
    imported: Callable[..., tuple[Contract, list[str]]], part: object, wanted: list[str]
) -> None:
    found, left = imported(contract_of(service=[part]))
    assert (promises(found), left) == (wanted, [])


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (constraint("response_time", "equal", 1), "operator equal: a figure is compared by <, <=, > and >= here"),
        (constraint("response_time", "range", 1), "operator range: value 1 has no min and max"),
        (constraint("response_time", "range", {"min": 1}), "operator range: value {'min': 1} has no min and max"),
        (constraint("response_time", "less_equal", {"a": 1}), "value {'a': 1} is no number"),
        (constraint("response_time", "less_equal", "value"), "value 'value' is no number"),
        (constraint("response_time", "less_equal", True), "value True is no number"),
        (constraint("response_time", "less_equal", 1, "PRODUCT"), "response_time has no PRODUCT here; it has p50, p90"),
        (constraint("response_time", "less_equal", 1, "AVERAGE", "bananas"), "unit bananas is not known here"),
        (constraint("response_time", "less_equal", 1, "AVERAGE", "%"), "threshold: expected a number in s, or a time"),
        (constraint("response_time", "less_equal", -1), "threshold: expected at least 0, got -1"),
        (constraint("taste", "less_equal", 1), "taste: no such metric here; docs/metrics.md lists them"),
        (constraint("stage_time", "less_equal", 1), "of: stage_time needs `of`: one of web, preprocess, inference"),
        ({"metrics": {}}, "has no `metrics` and, beside it, `condition`"),
        (7, "has no `metrics` and, beside it, `condition`"),
    ],
)
def test_what_cannot_be_said_here_is_named(
    imported: Callable[..., tuple[Contract, list[str]]], part: object, why: str
) -> None:
    found, left = imported(contract_of(service=[part, constraint("availability", "greater_equal", 0.99)]))
    assert promises(found) == ["availability >= 0.99 1"]
    assert len(left) == 1
    assert left[0].startswith(f"quality.service[0].constraint_list[0]: {why}")


def test_nothing_of_a_document_is_dropped_without_a_word(
    imported: Callable[..., tuple[Contract, list[str]]],
) -> None:
    document = contract_of(service=[constraint("availability", "greater_equal", 0.99)])
    document["quality"] |= {"data": 7, "cost": [{"id": "x"}], "beauty": {"a": 1}, "privacy": []}
    document |= {"stakeholders": [{"roles": "x"}, 7], "fairness": {"a": 1}, "mood": "good", "resources": {"data": 1}}
    _, left = imported(document)
    assert [line.partition(": ")[0] for line in left] == [
        "stakeholders[0]",
        "stakeholders[1]",
        "quality.data",
        "quality.cost",
        "quality.beauty",
        "resources",
        "fairness",
        "mood",
    ]


def test_text_of_others_stays_in_its_line(imported: Callable[..., tuple[Contract, list[str]]]) -> None:
    name = "a\nobjectives: []\x85# b\u2028c"
    document = contract_of(service=[constraint("availability", "greater_equal", 0.99), constraint(name, "equal", 1)])
    document["stakeholders"] = [{"id": name, "roles": ["ml_provider"], "provisioning": [name]}]
    found, left = imported(document)
    assert found.stakeholders[0].name == name
    assert promises(found) == ["availability >= 0.99 1"]
    assert left == [
        "stakeholders[0] (a objectives: [] # b c): what is provided, a objectives: [] # b c, has no place here",
        "quality.service[0].constraint_list[1]: a objectives: [] # b c: no such metric here; docs/metrics.md lists "
        "them",
    ]


def test_every_metric_of_the_table_is_in_the_catalogue_or_says_why_not() -> None:
    for known in METRICS.values():
        assert (known.metric in CATALOGUE) != bool(known.why_not)
