"""Evidently's numbers over recorded predictions are ours, where both define them alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_cli.batch.frame import frame_of
from hallmark_cli.batch.presets import answers_report, data_report
from hallmark_cli.batch.reference import described_rows, profile_of
from hallmark_common.model_spec import ModelSpec
from hallmark_qoa.metrics.context import ModelContext
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.measure import measure
from hallmark_qoa.metrics.observe import observe

COUNT = 300
PROBABILITY = {"kind": "probability", "label": "late", "negative_label": "on time"}
OUTPUTS: dict[str, dict[str, Any]] = {"probability": PROBABILITY, "number": {"kind": "number"}}


def spec_of(output: str) -> ModelSpec:
    columns = [
        {"name": "size", "dtype": "number", "nullable": True, "default": 0},
        {"name": "kind", "dtype": "category", "categories": ["a", "b", "c"], "encode": "one_hot"},
    ]
    return ModelSpec.model_validate(
        {"name": "m", "input": {"kind": "table", "columns": columns}, "output": OUTPUTS[output]}
    )


def records(output: str, shift: float) -> list[QualityRecord]:
    """Each with one instance; of the numbers some are missing, of the truths some are not known."""
    made = []
    for index in range(COUNT):
        record = QualityRecord(prediction_id=f"{index:032x}-{index:016x}", consumer="c", status="OK", complete=True)
        record.model.name = "m"
        size = "null" if index % 10 == 0 else f"{(index * 37 % 101) / 10 + shift}"
        record.instances_json.append(f'{{"size":{size},"kind":"{"aab"[index % 3] if shift else "abc"[index % 3]}"}}')
        score = (index * 61 % 97) / 97
        facts = record.prediction
        facts.kind, facts.count = output, 1
        facts.values.append(score)
        if output == "probability":
            facts.labels.append("late" if score >= 0.5 else "on time")
            facts.confidences.append(max(score, 1 - score))
        if index % 4:
            happens = (index * 29 % 89) / 89
            record.truth.value = (
                ("late" if happens < 0.3 + score / 3 else "on time") if output == "probability" else str(happens)
            )
        made.append(record)
    return made  # fmt: skip


@dataclass
class Both:
    """What Evidently says and what we say."""

    said: dict[str, Any]
    ours: Callable[[str], float]


async def both(output: str) -> Both:
    spec, current, before = spec_of(output), records(output, 1.5), records(output, 0)

    async def chunks() -> Any:
        yield before

    context = ModelContext.of(spec, await profile_of(chunks(), spec))
    ((_, aggregate),) = observe(current, context).items()
    frames = [frame_of(list(described_rows(some, spec)), spec) for some in (current, before)]
    answers = answers_report(*frames, spec)
    assert answers is not None
    assert answers.html.startswith("\n<html>") or "<html" in answers.html
    said = _values(data_report(*frames).json["metrics"]) | _values(answers.json["metrics"])

    def ours(key: str) -> float:
        value = measure(Cell(aggregate, {}, 60), context, key).value
        assert value is not None, key
        return value

    return Both(said, ours)


def _values(metrics: Sequence[Any]) -> dict[str, Any]:
    return {one["metric_name"]: one["value"] for one in metrics}


def _of(said: dict[str, Any], start: str) -> Any:
    (found,) = (value for name, value in said.items() if name.startswith(start))
    return found


@pytest.mark.timeout(300)  # Evidently alone takes half a minute to import on a busy machine
async def test_of_a_probability() -> None:
    found = await both("probability")
    for name, key in (("Accuracy(", "accuracy"), ("LogLoss(", "log_loss")):
        assert _of(found.said, name) == pytest.approx(found.ours(key), rel=1e-6)
    for name, key in (("F1ByLabel(", "f1"), ("PrecisionByLabel(", "precision"), ("RecallByLabel(", "recall")):
        by_label = _of(found.said, name)
        for label in ("late", "on time"):
            assert by_label[label] == pytest.approx(found.ours(f"{key}[{label}]"), rel=1e-9)
    assert _of(found.said, "RocAuc(") == pytest.approx(found.ours("auc"), abs=0.01)
    assert _of(found.said, "MissingValueCount(column=size")["share"] == pytest.approx(found.ours("none_ratio[size]"))
    assert _of(found.said, "MeanValue(column=size") == pytest.approx(found.ours("input_mean[size]"), rel=1e-9)
    assert _of(found.said, "ValueDrift(column=size") < 0.05
    assert found.ours("ks_p_value[size]") < 0.05
    assert _of(found.said, "ValueDrift(column=kind") < 0.05


@pytest.mark.timeout(300)
async def test_of_a_number() -> None:
    found = await both("number")
    for name, key in (("MAE(", "mae"), ("RMSE(", "rmse"), ("R2Score(", "r2")):
        value = _of(found.said, name)
        assert (value["mean"] if isinstance(value, dict) else value) == pytest.approx(found.ours(key), rel=1e-6)


def test_no_truth_is_no_report_of_answers() -> None:
    spec = spec_of("probability")
    known = records("probability", 0)
    for record in known:
        record.ClearField("truth")
    frame = frame_of(list(described_rows(known, spec)), spec)
    assert answers_report(frame, None, spec) is None
    assert frame.known.empty
