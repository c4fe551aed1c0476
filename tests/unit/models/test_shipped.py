"""The models that are shipped: they fit their declarations and are as good as their cards say."""

import base64
import re
from typing import Any

import numpy as np
import onnxruntime
import pytest

from hallmark_common.model_spec import (
    ClassesOutput,
    ImageInput,
    ModelSpec,
    ProbabilityOutput,
    TableInput,
    load_models,
    parse_model_spec,
)
from hallmark_common.profile import load_profile
from hallmark_preprocess.findings import Findings
from hallmark_preprocess.image import read_image
from hallmark_preprocess.table import check_table
from hallmark_preprocess.table_encode import encode_table
from tests.support.command import ROOT
from tests.support.samples import samples

MODELS = ROOT / "models"
SHIPPED = ("digits", "flights", "flights-bad")
MAX_GRAPH_BYTES = 2_000_000
MAX_SAMPLE_BYTES = 600_000

Request = dict[str, Any]


def spec_of(name: str) -> ModelSpec:
    return parse_model_spec(MODELS / name / "model.yaml")


def session_of(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = MODELS / name / spec_of(name).default_version / "model.onnx"
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def tensors_of(spec: ModelSpec, requests: list[Request]) -> dict[str, np.ndarray]:
    """What preprocess makes of requests, as one batch."""
    bodies = [request["input"] for request in requests]
    if isinstance(spec.input, ImageInput):
        files = [base64.b64decode(body["image_png_base64"]) for body in bodies]
        return {str(spec.input.tensor): np.stack([read_image(file, spec.input)[0] for file in files])}
    assert isinstance(spec.input, TableInput)
    findings = Findings()
    table = check_table(spec.input, [row for body in bodies for row in body["instances"]], findings)
    findings.raise_rejected()
    return encode_table(spec.input, table, spec.input.tensors, findings)


def answers_of(name: str, requests: list[Request]) -> np.ndarray:
    (output,) = session_of(name).run(None, tensors_of(spec_of(name), requests))
    return np.asarray(output)


def roc_auc(answers: np.ndarray, happened: np.ndarray) -> float:
    """Share of pairs, one that happened and one that did not, in the right order; ties count one half."""
    yes, no = answers[happened][:, None], answers[~happened][None]
    return float((yes > no).mean() + (yes == no).mean() / 2)


def test_all_are_declared_and_no_other_folder_is_taken_for_a_model() -> None:
    assert sorted(load_models(MODELS)) == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_graph_takes_and_gives_what_is_declared(name: str) -> None:
    spec, session, requests = spec_of(name), session_of(name), samples(name)[:3]
    fed = tensors_of(spec, requests)
    assert {i.name: (i.type, i.shape) for i in session.get_inputs()} == {
        tensor: ("tensor(float)", ["N", *array.shape[1:]]) for tensor, array in fed.items()
    }
    assert isinstance(spec.output, ClassesOutput | ProbabilityOutput)
    (output,) = session.get_outputs()
    width = len(spec.output.labels) if isinstance(spec.output, ClassesOutput) else 1
    assert (output.name, output.type, output.shape) == (spec.output.tensor, "tensor(float)", ["N", width])
    assert answers_of(name, requests).shape == (3, width)


@pytest.mark.parametrize("name", SHIPPED)
def test_files_are_small(name: str) -> None:
    assert (MODELS / name / "1" / "model.onnx").stat().st_size < MAX_GRAPH_BYTES
    assert (MODELS / name / "sample.jsonl.gz").stat().st_size < MAX_SAMPLE_BYTES


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_built_has_no_time_in_it(name: str) -> None:
    modified = (MODELS / name / "sample.jsonl.gz").read_bytes()[4:8]
    assert modified == bytes(4)


@pytest.mark.parametrize("name", SHIPPED)
def test_reference_profile_has_the_columns_and_the_answers(name: str) -> None:
    spec, profile = spec_of(name), load_profile(MODELS / name / str(spec_of(name).reference))
    if isinstance(spec.input, TableInput):
        assert set(profile.columns) == {column.name for column in spec.input.columns}
    else:
        assert set(profile.columns) == {"brightness", "contrast", "sharpness"}
    assert set(profile.answers) == {"label"}


def test_table_columns_are_explained() -> None:
    declared = spec_of("flights").input
    assert isinstance(declared, TableInput)
    assert all(column.description for column in declared.columns)
    assert all(column.unit for column in declared.columns if column.dtype in ("number", "integer"))


@pytest.mark.parametrize("name", ["flights", "flights-bad"])
def test_example_is_valid(name: str) -> None:
    spec = spec_of(name)
    assert spec.example is not None
    assert tensors_of(spec, [{"input": spec.example}])["features"].shape[0] == 1


@pytest.mark.parametrize("name", ["flights", "flights-bad"])
def test_sample_of_flights_is_in_order_of_its_events(name: str) -> None:
    times = [request["event_time"] for request in samples(name)]
    assert times == sorted(times)
    assert (times[0][:7], times[-1][:7]) == ("2013-07", "2013-12")


def test_digits_are_read_as_well_as_the_card_says() -> None:
    requests = samples("digits")
    logits = answers_of("digits", requests)
    accuracy = float((logits.argmax(axis=1) == [int(request["truth"]) for request in requests]).mean())
    assert len(requests) == 1000
    assert accuracy >= 0.975
    stated = re.search(r"as served \| ([\d.]+)%", (MODELS / "digits" / "README.md").read_text(encoding="utf-8"))
    assert stated is not None
    # Another build of ONNX Runtime may round one digit over the edge.
    assert accuracy == pytest.approx(float(stated[1]) / 100, abs=0.0015)


def test_flights_are_ranked_as_well_as_the_card_says() -> None:
    requests = samples("flights")
    late = np.array([request["truth"] == "late" for request in requests])
    card = (MODELS / "flights" / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"\*\*all\*\* \|[^|]*\|[^|]*\| ([\d.]+) \|", card)
    assert stated is not None
    assert roc_auc(answers_of("flights", requests)[:, 0], late) == pytest.approx(float(stated[1]), abs=0.03)


def test_new_carrier_and_airport_are_answered() -> None:
    spec = spec_of("flights")
    assert spec.example is not None
    row = spec.example["instances"][0] | {"carrier": "ZZ", "dest": "ZZZ"}
    (answer,) = answers_of("flights", [{"input": {"instances": [row]}}])[:, 0]
    assert 0 < answer < 1


def test_bad_model_takes_the_same_and_always_answers_the_same() -> None:
    good, bad = spec_of("flights"), spec_of("flights-bad")
    assert (bad.input, bad.output, bad.example) == (good.input, good.output, good.example)
    answers = answers_of("flights-bad", samples("flights-bad"))
    assert np.unique(answers).tolist() == [np.float32(0.05)]
    wild = np.full((2, session_of("flights").get_inputs()[0].shape[1]), np.nan, dtype=np.float32)
    (unmoved,) = session_of("flights-bad").run(None, {"features": wild})
    assert unmoved.tolist() == answers[:2].tolist()
