"""What a record shows of judging: truth, verdicts, and what it cost."""

from google.protobuf.timestamp_pb2 import Timestamp

from hallmark.qoa.v1.quality_pb2 import QualityRecord, Stage, Step, Truth, Verdict
from hallmark_cli.render.record import record_lines
from hallmark_cli.render.text import waterfall
from hallmark_common.records import record_to_dict
from tests.support.reports import DAY_START_S


def shown(record: QualityRecord) -> list[str]:
    return [line.plain for line in record_lines(record)]


def test_the_truth_and_since_when_it_is_known() -> None:
    truth = Truth(value="late", observed_at=Timestamp(seconds=DAY_START_S))
    assert "truth       late  known since 2013-07-01T00:00:00.000Z" in shown(QualityRecord(truth=truth))
    assert "truth       late" in shown(QualityRecord(truth=Truth(value="late")))


def test_verdicts_with_their_windows_blame_and_reasons() -> None:
    verdicts = [
        Verdict(contract="c", rule="fast", verdict="violated", stage="inference", window_s=60, reasons=["0.5 s"]),
        Verdict(contract="c", rule="right", verdict="unknown", window_s=3600, reasons=["no truth", "few samples"]),
        Verdict(contract="c", rule="there", verdict="pass", window_s=60),
    ]
    lines = shown(QualityRecord(verdicts=verdicts))
    start = lines.index("verdict     ✗ violated  c/fast in its window of 1m, blamed on inference")
    assert lines[start + 1 : start + 6] == [
        "            0.5 s",
        "verdict     ? unknown  c/right in its window of 1h",
        "            no truth",
        "            few samples",
        "verdict     ✓ pass  c/there in its window of 1m",
    ]


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    record = QualityRecord(truth=Truth(value="\x1b[2Jlate"), verdicts=[Verdict(reasons=["carrier \x9b31m"])])
    assert all(line.isprintable() for line in shown(record))


def test_cpu_time_has_a_column_where_it_was_measured() -> None:
    stages = [
        Stage(name="web", duration_ms=8, self_ms=2, cpu_ms=1.25, steps=[Step(name="decode", duration_ms=4)]),
        Stage(name="inference", duration_ms=4, self_ms=4),
    ]
    assert [line.plain for line in waterfall(stages)] == [
        "  web                8.00 ms       2.00 own      1.25 cpu  ██████████████████",
        "    decode           4.00 ms                               █████████",
        "  inference          4.00 ms       4.00 own                █████████",
    ]


def test_json_has_verdicts_and_cost() -> None:
    record = QualityRecord(
        stages=[Stage(name="web", cpu_ms=1.25)],
        truth=Truth(value="late"),
        verdicts=[Verdict(contract="c", rule="fast", verdict="violated", stage="web", window_s=60, reasons=["slow"])],
    )
    found = record_to_dict(record)
    assert found["stages"][0]["cpu_ms"] == 1.25
    assert found["truth"]["value"] == "late"
    assert found["verdicts"] == [
        {"contract": "c", "rule": "fast", "verdict": "violated", "stage": "web", "window_s": 60, "reasons": ["slow"]}
    ]
