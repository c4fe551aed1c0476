"""What people see, as golden text."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from hallmark.preprocess.v1.preprocess_pb2 import Classes, ClassScore, Number, Prediction, Probability, Tensor
from hallmark.qoa.v1.quality_pb2 import (
    DataQuality,
    ImageQuality,
    InferenceFacts,
    Model,
    PredictionFacts,
    QualityRecord,
    QualitySummary,
    Stage,
    Step,
    Violation,
)
from hallmark.web.v1.web_pb2 import PredictResponse
from hallmark_cli.render.answer import answer_lines
from hallmark_cli.render.record import record_line, record_lines
from hallmark_cli.render.text import BAR_WIDTH, score_bar, span_bar

TRACE = "0af7651916cd43dd8448eb211c80319c"
NAME = f"{TRACE}-b7ad6b7169203331"
STAGES = (
    Stage(name="web", duration_ms=8, self_ms=2, status="OK"),
    Stage(
        name="preprocess", start_ms=1, duration_ms=6, self_ms=2, status="OK", steps=[Step(name="decode", start_ms=1)]
    ),
    Stage(name="inference", start_ms=3, duration_ms=4, self_ms=4, status="INTERNAL"),
)
DATA = DataQuality(
    instances=1,
    distance=1.25,
    image=ImageQuality(width=28, height=30, mode="L", format="PNG", brightness=0.1, contrast=0.3, sharpness=0.0512),
    violations=[Violation(field="contrast", kind="reference_range", count=1)],
)
RUN = InferenceFacts(queue_ms=0.1, batch_ms=0.2, compute_ms=3.5, batch_size=1)
MODEL = Model(name="digits", version="1", variant="default")
WATERFALL = """\
  web                8.00 ms       2.00 own  ████████████████████████████████
  preprocess         6.00 ms       2.00 own      ████████████████████████
    decode           0.00 ms                     █
  inference          4.00 ms       4.00 own              ████████████████      INTERNAL"""


def text_of(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


def test_an_answer_of_classes() -> None:
    scores = [ClassScore(label="7", score=0.975), ClassScore(label="12", score=0.025)]
    response = PredictResponse(
        prediction_id=NAME,
        trace_id=TRACE,
        model=MODEL,
        predictions=[Prediction(classes=Classes(label="7", confidence=0.975, scores=scores))],
        quality=QualitySummary(stages=STAGES, data=DATA, inference=RUN),
    )
    assert (
        text_of(answer_lines(response))
        == f"""\
7  confidence 97.5 %
  7   ███████████████████▌   97.5 %
  12  ▌                       2.5 %

model       digits 1 (default)
prediction  {NAME}
trace       {TRACE}
data        1 instance, PNG 28 × 30 L, brightness 0.10, contrast 0.30, sharpness 0.0512, distance 1.25
violation   contrast: reference_range in 1
run         queue 0.10 ms, batch 0.20 ms, compute 3.50 ms, batch size 1
{WATERFALL}"""
    )


@pytest.mark.parametrize(
    ("response", "first"),
    [
        (
            PredictResponse(
                predictions=[
                    Prediction(probability=Probability(label="late", probability=0.731, positive=True, event="late"))
                ]
            ),
            "late  probability of late 73.1 %",
        ),
        (PredictResponse(predictions=[Prediction(number=Number(value=12.5, unit="km"))]), "12.5 km"),
        (
            PredictResponse(tensors=[Tensor(name="y", datatype="INT32", shape=[2, 5], contents=bytes(40))]),
            "y  INT32 2 × 5  [0, 0, 0, 0, 0, 0, 0, 0, … 2 more]",
        ),
        (
            PredictResponse(tensors=[Tensor(name="s", datatype="BYTES", contents=b"\x02\0\0\0ok")]),
            "s  BYTES scalar  ['ok']",
        ),
    ],
)
def test_the_first_line_of_other_answers(response: PredictResponse, first: str) -> None:
    assert answer_lines(response)[0].plain == first


def test_many_instances_are_a_line_each_and_cut() -> None:
    response = PredictResponse(predictions=[Prediction(number=Number(value=value)) for value in range(22)])
    lines = text_of(answer_lines(response)).splitlines()
    assert lines[0] == "   0  0"
    assert lines[19] == "  19  19"
    assert lines[20] == "      … 2 more; --json prints all of them"


def full_record() -> QualityRecord:
    return QualityRecord(
        prediction_id=NAME,
        trace_id=TRACE,
        consumer="alice",
        model=MODEL,
        started_at=Timestamp(seconds=1_700_000_000, nanos=120_000_000),
        event_time=Timestamp(seconds=1_600_000_000),
        duration_ms=8,
        status="OK",
        complete=True,
        stages=STAGES,
        data=DATA,
        prediction=PredictionFacts(kind="classes", count=1, labels=["7"], confidences=[0.975], entropies=[0.169]),
        inference=RUN,
        instances_json=['{"hour": 6}'],
    )


def test_a_record_is_a_story() -> None:
    assert (
        text_of(record_lines(full_record()))
        == f"""\
OK in 8.00 ms  7 97.5 %

prediction  {NAME}
trace       {TRACE}
consumer    alice
model       digits 1 (default)
started     2023-11-14T22:13:20.120Z
event time  2020-09-13T12:26:40.000Z
complete    yes, every stage has reported
data        1 instance, PNG 28 × 30 L, brightness 0.10, contrast 0.30, sharpness 0.0512, distance 1.25
violation   contrast: reference_range in 1
input       {{"hour": 6}}
entropy     0.169 bit
run         queue 0.10 ms, batch 0.20 ms, compute 3.50 ms, batch size 1

{WATERFALL}"""
    )


def test_a_record_says_what_it_does_not_know() -> None:
    record = QualityRecord(
        prediction_id=NAME, trace_id=TRACE, status="UNAVAILABLE", reason="DOWN", missing_stages=["inference"]
    )
    assert (
        text_of(record_lines(record))
        == f"""\
UNAVAILABLE (DOWN)

prediction  {NAME}
trace       {TRACE}
consumer    \

model       not known
started     1970-01-01T00:00:00.000Z
complete    no, missing: inference
"""
    )


def test_a_line_of_a_list() -> None:
    assert record_line(full_record()).plain == f"22:13:20.120  OK             8.0 ms  digits  alice  7 97.5 %  {NAME}"
    failed = QualityRecord(prediction_id=NAME, consumer="a", status="NOT_FOUND", reason="MODEL_NOT_FOUND")
    assert record_line(failed).plain == (
        f"00:00:00.000  NOT_FOUND        ? ms  ?  a  MODEL_NOT_FOUND  incomplete  {NAME}"
    )


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_score_bar_has_its_width_whatever_the_score(score: float) -> None:
    assert len(score_bar(score, 10)) == 10


@given(*[st.floats(-1e9, 1e9)] * 3)
def test_a_bar_never_leaves_the_axis_and_is_never_nothing(start_ms: float, duration_ms: float, total_ms: float) -> None:
    bar = span_bar(start_ms, duration_ms, total_ms)
    assert len(bar) == BAR_WIDTH
    assert bar.strip(" ").strip("█") == ""
    assert "█" in bar
