"""A contract asks a model for what it has."""

from typing import Any

import pytest

from hallmark_common.catalogue import CATALOGUE, Metric
from hallmark_common.contracts import Contract, check_contract, fit
from hallmark_common.contracts.figures import range_of
from hallmark_common.model_spec import ModelSpec

COLUMNS = [
    {"name": "carrier", "dtype": "category", "categories": ["UA", "AA"], "encode": "one_hot"},
    {"name": "temp", "dtype": "number"},
    {"name": "secret", "dtype": "number", "record": "hash"},
]
INPUTS: dict[str, dict[str, Any]] = {
    "table": {"kind": "table", "columns": COLUMNS},
    "image": {"kind": "image", "width": 28, "height": 28},
    "tensor": {"kind": "tensor", "tensors": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]},
}
OUTPUTS: dict[str, dict[str, Any]] = {
    "probability": {"kind": "probability", "label": "late", "negative_label": "on time"},
    "classes": {"kind": "classes", "labels": ["0", "1"]},
    "number": {"kind": "number"},
    "raw": {"kind": "raw"},
}


def spec(given: str = "table", answer: str = "probability", reference: str | None = "reference.json") -> ModelSpec:
    segments = [{"name": "carrier", "column": "carrier"}] if given == "table" else []
    return ModelSpec.model_validate(
        {"name": "m", "input": INPUTS[given], "output": OUTPUTS[answer], "segments": segments, "reference": reference}
    )


def problems(model: ModelSpec, **keys: Any) -> list[str]:
    metric = CATALOGUE[keys["metric"]]
    aggregate = {"aggregate": metric.aggregates[-1]} if metric.aggregates else {}
    operator = ">=" if metric.direction == "higher" else "<="
    objective = {"name": "o", "operator": operator, "threshold": 0.5, "window": "1h", **aggregate, **keys}
    contract = Contract.model_validate(
        {"name": "c", "consumer": "*", "model": {"name": "m"}, "objectives": [objective]}
    )
    return [f"{problem.where[-1]}: {problem.message}" for problem in check_contract(contract, model)]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"metric": "psi", "of": "carrier"}, ""),
        ({"metric": "psi", "of": "carier"}, "of: no such column of m: 'carier'; did you mean carrier?"),
        ({"metric": "psi", "of": "zzzz"}, "of: no such column of m: 'zzzz'; expected one of carrier, temp, secret"),
        (
            {"metric": "psi", "of": "secret"},
            "of: psi needs what was recorded, secret has record hash; set record: value",
        ),
        ({"metric": "psi", "of": "@prediction"}, ""),
        ({"metric": "error_ratios", "of": "secret"}, ""),
        ({"metric": "wasserstein", "of": "temp"}, ""),
        (
            {"metric": "wasserstein", "of": "carrier"},
            "of: wasserstein is of numbers, carrier is category; psi is of both",
        ),
        ({"metric": "wasserstein", "of": "@prediction"}, "of: wasserstein is of numbers, the answers of m are labels"),
        ({"metric": "input_mean", "of": "@prediction"}, "of: no such column of m: '@prediction'; expected one of"),
        ({"metric": "recall", "of": "late"}, ""),
        ({"metric": "recall", "of": "lat"}, "of: no such label of m: 'lat'; did you mean late?"),
        ({"metric": "accuracy", "segment": {"carrier": "UA"}}, ""),
        ({"metric": "accuracy", "segment": {"carrier": "other"}}, ""),
        (
            {"metric": "accuracy", "segment": {"carrier": "UAA"}},
            "segment: no such segment of carrier: 'UAA'; did you mea",
        ),
        (
            {"metric": "accuracy", "segment": {"carier": "UA"}},
            "segment: no such dimension: 'carier'; did you mean carrie",
        ),
        ({"metric": "spread", "of": "accuracy by carrier"}, ""),
        (
            {"metric": "spread", "of": "accuracy by origin"},
            "of: no such dimension: 'origin'; expected one of carrier; de",
        ),
        (
            {"metric": "spread", "of": "mse by carrier"},
            "of: mse is of answers of kind number, those of m are probability",
        ),
        ({"metric": "spread", "of": "recall[lat] by carrier"}, "of: no such label of m: 'lat'; did you mean late?"),
        ({"metric": "mse"}, "metric: mse is of answers of kind number, those of m are probability"),
        ({"metric": "brightness"}, "metric: brightness is of image inputs, those of m are table"),
    ],
)
def test_of_a_table_with_a_probability(keys: dict[str, Any], wanted: str) -> None:
    found = problems(spec(), **keys)
    assert len(found) == bool(wanted), found
    assert all(line.startswith(wanted) for line in found), found


@pytest.mark.parametrize(
    ("given", "answer", "keys", "wanted"),
    [
        ("image", "classes", {"metric": "psi", "of": "brightness"}, ""),
        ("image", "classes", {"metric": "wasserstein", "of": "sharpness"}, ""),
        (
            "image",
            "classes",
            {"metric": "psi", "of": "width"},
            "of: no such column of m: 'width'; expected one of brig",
        ),
        ("image", "classes", {"metric": "input_mean", "of": "brightness"}, "of: input_mean of a column needs a table"),
        (
            "image",
            "classes",
            {"metric": "auc"},
            "metric: auc is of answers of kind probability, those of m are classes",
        ),
        ("image", "classes", {"metric": "none_ratio"}, "metric: none_ratio is of table inputs, those of m are image"),
        (
            "image",
            "classes",
            {"metric": "accuracy", "segment": {"size": "a"}},
            "segment: no such dimension: 'size'; declare",
        ),
        ("tensor", "number", {"metric": "wasserstein", "of": "@prediction"}, ""),
        ("tensor", "number", {"metric": "accuracy"}, "metric: accuracy is of answers of kind classes or probability"),
        ("tensor", "raw", {"metric": "prediction"}, ""),
        ("tensor", "raw", {"metric": "accuracy"}, "metric: accuracy is of answers of kind classes or probability"),
        (
            "tensor",
            "raw",
            {"metric": "psi", "of": "@prediction"},
            "of: psi of @prediction needs answers that are labels",
        ),
        ("tensor", "raw", {"metric": "psi", "of": "x"}, "of: psi of a column needs a table, the input of m is tensor"),
    ],
)
def test_of_other_models(given: str, answer: str, keys: dict[str, Any], wanted: str) -> None:
    found = problems(spec(given, answer), **keys)
    assert len(found) == bool(wanted), found
    assert all(line.startswith(wanted) for line in found), found


@pytest.mark.parametrize("keys", [{"metric": "psi", "of": "carrier"}, {"metric": "distance"}])
def test_what_compares_with_training_needs_a_reference(keys: dict[str, Any]) -> None:
    (line,) = problems(spec(reference=None), **keys)
    assert line.endswith("compares with the training data; m declares no `reference` in its model.yaml")


def test_another_variant_is_a_warning() -> None:
    objective = {"name": "o", "metric": "validity", "operator": ">=", "threshold": 0.9, "window": "1h"}
    model = {"name": "m", "variant": "challenger"}
    contract = Contract.model_validate({"name": "c", "consumer": "*", "model": model, "objectives": [objective]})
    (problem,) = check_contract(contract, spec())
    assert (problem.where, problem.level) == (("model", "variant"), "warning")


def test_tables_of_metrics_name_metrics_that_there_are() -> None:
    for names in (fit._NEEDS_OUTPUT, fit._NEEDS_INPUT, fit._OF_NUMBERS, fit._OF_SCHEMA, fit._OF_REFERENCE):
        assert set(names) <= CATALOGUE.keys()


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_every_metric_can_be_promised_of_some_model(metric: Metric) -> None:
    of = {
        "": "",
        "stage": "web",
        "column": "brightness" if metric.dimension == "drift" else "temp",
        "label": "late",
        "status": "OK",
        "mode": "RGB",
        "figure": "validity by carrier",
    }[metric.of]
    every = [problems(spec(given, answer), metric=metric.name, of=of) for given in INPUTS for answer in OUTPUTS]
    assert [] in every


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_every_metric_has_a_range(metric: Metric) -> None:
    aggregate = metric.aggregates[0] if metric.aggregates else ""
    low, high = range_of(metric, "mse by carrier" if metric.of == "figure" else "", aggregate)
    assert low < high
    assert (high == 1) <= (metric.unit == "1")
