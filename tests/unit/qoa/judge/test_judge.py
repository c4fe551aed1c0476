"""The judge on a real store, by the real policy: what becomes of windows, and which are judged again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_qoa.stores.base import TruthTold
from hallmark_qoa.windows.progress import CAUGHT_UP_NS, FORGOTTEN_NS, SILENT_NS, Beat
from tests.support.judged import LONG_AFTER_NS, SIZES_S, Judged
from tests.support.predictions import T0_NS, Made, S, objective, request_of, write_contract

FAST = objective("fast", "response_time", "<=", 0.05, aggregate="max")
SLOW_MS = 90
OTHER = "engine-b"
"""An engine that leaves the windows of these tests to this one, where both live."""


async def _told(one: Judged) -> list[tuple[int, str, str]]:
    """Changes by start of their window in seconds after T0_NS, as before → now."""
    changes = [VerdictChange.FromString(event.change) for event in await one.store.untold(1000)]
    return [(one.verdict.start.seconds - T0_NS // S, one.before, one.verdict.verdict) for one in changes]


async def _verdicts(one: Judged, name: str = "fast") -> list[WindowVerdict]:
    return [verdict for verdict in await one.verdicts() if verdict.objective == name]


def _window(number: int, **more: object) -> Made:
    """A prediction in a window of its own."""
    return Made(1000 + number, T0_NS + number * 10 * S, **more)  # type: ignore[arg-type]  # whatever a prediction has


async def test_a_violated_verdict_says_what_who_and_which_spans(one: Judged) -> None:
    write_contract(one.contracts, [FAST | {"severity": "critical"}], version="3")
    slow = _window(2, preprocess_ms=SLOW_MS)
    await one.take(_window(1), slow)
    await one.turn()
    good, bad = await _verdicts(one)
    assert (good.verdict, good.blame.kind, list(good.evidence)) == ("pass", "", [])
    assert (bad.contract, bad.contract_version, bad.severity, bad.consumer) == ("deal", "3", "critical", "acme")
    assert (bad.verdict, bad.bad, bad.figure, bad.unit) == ("violated", True, "response_time.max", "s")
    assert bad.observed == pytest.approx(0.11, rel=0.006)
    assert (bad.count, bad.completeness) == (1, 1.0)
    assert (bad.blame.kind, bad.blame.stage) == ("stage", "preprocess")
    (evidence,) = bad.evidence
    assert (evidence.prediction_id, evidence.trace_id) == (slow.prediction, slow.prediction[:32])
    assert (evidence.stage, evidence.span_id) == ("preprocess", slow.span_id("preprocess"))
    assert evidence.started_at.ToNanoseconds() == slow.start_ns


async def test_evidence_is_the_worst_first_and_at_most_five(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    await one.take(*(Made(number, web_ms=50 + 10 * number) for number in range(1, 8)))
    await one.turn()
    (verdict,) = await _verdicts(one)
    assert [int(found.prediction_id[:32], 16) for found in verdict.evidence] == [7, 6, 5, 4, 3]


@pytest.mark.parametrize("skew_s", [-300.0, 300.0])
async def test_clocks_that_differ_by_minutes_move_no_window_and_blame_nobody_else(one: Judged, skew_s: float) -> None:
    """Windows go by the clock of web, and each stage's own time by its own."""
    write_contract(one.contracts, [FAST])
    clocks = {"preprocess_skew_s": skew_s, "inference_skew_s": -skew_s}
    await one.take(_window(1, **clocks), _window(2, inference_ms=SLOW_MS, **clocks))
    await one.turn()
    assert await one.words("fast") == {10: "pass", 20: "violated"}
    (_, verdict) = await _verdicts(one)
    assert (verdict.blame.stage, [found.stage for found in verdict.evidence]) == ("inference", ["inference"])
    assert verdict.observed == pytest.approx(0.11, rel=0.006)


async def test_evidence_of_a_record_that_is_gone_keeps_the_span_of_its_entry(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    slow = _window(1, preprocess_ms=SLOW_MS)
    await one.take(slow)
    await one.keeper.refresh(lambda _: True)
    assert await one.store.delete_before(LONG_AFTER_NS, 10) == 1
    await one.turn()
    (verdict,) = await _verdicts(one)
    assert [(found.stage, found.span_id) for found in verdict.evidence] == [("web", slow.span_id("web"))]


async def test_variants_are_judged_by_themselves_and_versions_together(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    write_contract(one.contracts, [FAST], name="second", model={"name": "m", "versions": ["2"], "variant": "default"})
    await one.take(
        Made(1, version="1", web_ms=SLOW_MS), Made(2, version="2"), Made(3, variant="canary"), Made(4, variant="canary")
    )
    await one.turn()
    found = [(verdict.contract, verdict.variant, verdict.verdict, verdict.count) for verdict in await one.verdicts()]
    assert sorted(found) == [
        ("deal", "canary", "pass", 2),
        ("deal", "default", "violated", 2),
        ("second", "default", "pass", 1),
    ]


async def test_segments(one: Judged) -> None:
    objectives = [FAST | {"name": name, "segment": {"kind": name}} for name in ("a", "b")]
    write_contract(one.contracts, objectives)
    await one.take(Made(1, kind="a"), Made(2, kind="b", web_ms=SLOW_MS), _window(1, kind="a"))
    await one.turn()
    assert await one.words("a") == {0: "pass", 10: "pass"}
    assert await one.words("b") == {0: "violated"}  # where there is nothing of it nothing is said
    assert {verdict.segment for verdict in await one.verdicts()} == {"kind=a", "kind=b"}


@pytest.mark.parametrize("lost", ["web", "preprocess", "inference"])
async def test_lost_telemetry_is_unknown_and_named(one: Judged, lost: str) -> None:
    objectives = [
        FAST,
        objective("there", "availability", ">=", 0.5),
        objective("valid", "validity", ">=", 0.5),
        objective("told", "record_completeness", ">=", 0.9),
    ]
    write_contract(one.contracts, objectives, completeness=0.95)
    await one.take(*(Made(number, lost=lost if number % 2 else "") for number in range(1, 21)))  # type: ignore[arg-type]
    await one.turn()
    for verdict in await one.verdicts():
        assert verdict.completeness == 0.5
        assert verdict.verdict == ("violated" if verdict.objective == "told" else "unknown")
    (told,) = await _verdicts(one, "told")
    assert (told.blame.kind, told.blame.stage) == ("telemetry", lost)


async def test_too_few_truths_are_unknown_for_whatever_needs_them(one: Judged) -> None:
    """The spread of the accuracy needs them as well as the accuracy."""
    right = objective("right", "accuracy", ">=", 0.5, coverage=0.5)
    fair = objective("fair", "spread", "<=", 0.5, of="accuracy by kind", aggregate="difference", coverage=0.5)
    write_contract(one.contracts, [right, fair])
    made = [Made(number, kind="ab"[number % 2]) for number in range(1, 201)]
    await one.take(*made)
    await one.store.add_truths([TruthTold(found.prediction, "late", T0_NS) for found in made[:80]])
    await one.turn()
    assert [(verdict.objective, verdict.verdict) for verdict in await one.verdicts()] == [
        ("fair", "unknown"),
        ("right", "unknown"),
    ]
    await one.store.add_truths([TruthTold(found.prediction, "late", T0_NS) for found in made[80:120]])
    await one.turn()
    assert {verdict.verdict for verdict in await one.verdicts()} == {"pass"}


async def test_an_engine_that_has_fallen_silent_makes_it_unknown_until_its_part_comes(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    await one.take(Made(1))
    silent = {"other": Beat(LONG_AFTER_NS - SILENT_NS, T0_NS)}
    await one.turn(others=silent)
    (verdict,) = await _verdicts(one)
    assert (verdict.verdict, list(verdict.reasons)) == ("unknown", ["not reported up to the end of the window: other"])
    await one.take(Made(2))
    await one.turn()
    assert await one.words("fast") == {0: "pass"}


@pytest.mark.parametrize("caught_up", [True, False])
@pytest.mark.parametrize("restarted", [True, False])
async def test_a_window_that_another_engine_was_behind_for_is_judged_again_once_that_is_over(
    one: Judged, *, caught_up: bool, restarted: bool
) -> None:
    """It is there, or has been silent for so long that it is taken to be gone. Nothing comes for the window."""
    write_contract(one.contracts, [FAST])
    await one.take(Made(1))
    behind = {OTHER: Beat(LONG_AFTER_NS - SILENT_NS, T0_NS)}
    await one.turn(others=behind)
    assert await one.words("fast") == {0: "unknown"}
    assert await one.turn(LONG_AFTER_NS + S, behind) == 0
    if restarted:
        await one.kill()
        await one.start()
        assert await one.turn(others=behind) == 1
        assert await one.turn(others=behind) == 0
    later_ns = LONG_AFTER_NS + FORGOTTEN_NS
    over = {OTHER: Beat(later_ns, CAUGHT_UP_NS)} if caught_up else behind
    assert await one.turn(later_ns, over) == 1
    assert await one.words("fast") == {0: "pass"}
    assert await one.store.due(9) == []


async def test_who_was_told_that_it_is_unknown_is_told_that_it_is_not(one: Judged) -> None:
    """Of an engine that is back; of labels that have come nobody is told."""
    write_contract(one.contracts, [FAST, objective("right", "accuracy", ">=", 0.5, coverage=0.5)])
    first = [_window(number) for number in range(1, 3)]
    await one.take(*first)
    await one.store.add_truths([TruthTold(made.prediction, "late", T0_NS) for made in first])
    await one.turn()
    behind = {OTHER: Beat(LONG_AFTER_NS - SILENT_NS, T0_NS)}
    later = [_window(number) for number in range(3, 6)]
    await one.take(*later)
    await one.turn(others=behind)
    assert await _told(one) == [(30, "pass", "unknown"), (30, "pass", "unknown")]
    await one.store.add_truths([TruthTold(made.prediction, "late", T0_NS) for made in later])
    await one.take(_window(6))
    await one.turn(others={OTHER: Beat(LONG_AFTER_NS, CAUGHT_UP_NS)})
    assert await one.words("fast") == dict.fromkeys(range(10, 70, 10), "pass")
    assert (await _told(one))[2:] == [(30, "unknown", "pass"), (60, "pass", "unknown")]


async def test_what_comes_for_a_window_that_an_engine_is_behind_for_is_judged(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    await one.take(Made(1))
    behind = {"other": Beat(LONG_AFTER_NS - SILENT_NS, T0_NS)}
    await one.turn(others=behind)
    one.stored_ns += S
    await one.take(Made(2))
    await one.turn(others=behind)
    assert [(verdict.verdict, verdict.count) for verdict in await _verdicts(one)] == [("unknown", 2)]
    assert await one.turn(others=behind) == 0


async def test_what_a_budget_forgives_and_what_it_does_not(one: Judged) -> None:
    write_contract(one.contracts, [FAST | {"budget": {"target": 0.5, "period": "1m"}}])
    slow = {1, 2, 4, 5, 6}
    await one.take(*(_window(number, web_ms=SLOW_MS if number in slow else 10) for number in range(7)))
    await one.turn()
    found = await _verdicts(one)
    assert [verdict.bad for verdict in found] == [number in slow for number in range(7)]
    assert [(verdict.budget.windows, verdict.budget.violated) for verdict in found] == [
        (0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (6, 4),
    ]  # fmt: skip
    # (1 - 0.5) · (windows + 1) may be bad, this one included.
    assert [verdict.verdict for verdict in found] == [
        "pass", "pass", "violated", "pass", "violated", "violated", "violated",
    ]  # fmt: skip


async def test_a_late_window_changes_the_budget_of_those_after_it(one: Judged) -> None:
    write_contract(one.contracts, [FAST | {"budget": {"target": 0.5, "period": "10m"}}])
    await one.take(*(_window(number, web_ms=SLOW_MS if number == 3 else 10) for number in range(1, 4)))
    await one.turn()
    assert await one.words("fast") == {10: "pass", 20: "pass", 30: "pass"}
    await one.take(_window(0, web_ms=SLOW_MS), Made(9, T0_NS + 10 * S, web_ms=SLOW_MS))
    await one.turn()
    assert await one.words("fast") == {0: "violated", 10: "violated", 20: "pass", 30: "violated"}


async def test_windows_before_tell_what_is_usual_even_where_only_what_is_blamed_changes(one: Judged) -> None:
    """The call of web comes late: the time of web itself is another, and nothing else."""
    write_contract(one.contracts, [FAST])
    before, bad = _window(1, preprocess_ms=25), _window(2, web_ms=60, preprocess_ms=20, inference_ms=0)
    await one.engine.deliver(request_of([before.spans[0], *before.spans[2:]]))
    await one.take(bad)
    await one.turn()
    (_, verdict) = await _verdicts(one)
    assert "web took 60 ms of its own at p95, 45" in verdict.blame.detail
    await one.engine.deliver(request_of(before.spans[1:2]))
    await one.flush()
    await one.turn()
    (_, verdict) = await _verdicts(one)
    assert "web took 60 ms of its own at p95, 10" in verdict.blame.detail


async def test_no_contract_any_more_takes_verdicts_away_when_a_window_changes(one: Judged) -> None:
    path = write_contract(one.contracts, [FAST])
    await one.take(_window(1), _window(2))
    await one.turn()
    path.unlink()
    one.now_s += 10
    await one.take(Made(3, T0_NS + 10 * S))
    await one.turn()
    assert await one.words("fast") == {20: "pass"}


async def test_a_contract_holds_in_its_time(one: Judged) -> None:
    write_contract(one.contracts, [FAST], valid={"until": "2020-01-01"})
    await one.take(_window(1))
    await one.turn()
    (verdict,) = await _verdicts(one)
    assert (verdict.verdict, list(verdict.reasons)) == ("unknown", ["the contract is not valid in this window"])


@pytest.mark.parametrize(
    ("valid", "words"),
    [
        ({"from": 15, "until": 35}, {10: "unknown", 20: "pass", 30: "unknown"}),
        ({"from": 10, "until": 40}, {10: "violated", 20: "pass", 30: "violated"}),
    ],
)
async def test_a_contract_is_not_judged_by_what_is_not_of_its_time(
    one: Judged, valid: dict[str, int], words: dict[int, str]
) -> None:
    """Before it begins and after it ends it is slow."""
    times = {key: datetime.fromtimestamp(T0_NS // S + after_s, UTC).isoformat() for key, after_s in valid.items()}
    write_contract(one.contracts, [FAST], valid=times)
    await one.take(_window(1, web_ms=SLOW_MS), _window(2), _window(3, web_ms=SLOW_MS))
    await one.turn()
    assert await one.words("fast") == words


async def test_changes_are_told_once_and_silenced_ones_are_marked(one: Judged) -> None:
    silence = {"from": "2026-01-01", "until": "2027-01-01", "reason": "a move", "objectives": ["quiet"]}
    write_contract(one.contracts, [FAST, FAST | {"name": "quiet"}], silences=[silence])
    await one.take(_window(1), _window(2, web_ms=SLOW_MS), _window(3, web_ms=SLOW_MS))
    await one.turn()
    changes = [VerdictChange.FromString(event.change) for event in await one.store.untold(10)]
    assert [(change.verdict.objective, change.silenced) for change in changes] == [("fast", False), ("quiet", True)]
    await one.take(Made(9, T0_NS + 30 * S, web_ms=SLOW_MS))
    await one.turn()
    assert len(await one.store.untold(10)) == 2


async def test_a_recovery_is_told_however_long_nothing_came(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    await one.take(_window(1, web_ms=SLOW_MS), _window(200))
    await one.turn()
    assert await _told(one) == [(10, "", "violated"), (2000, "violated", "pass")]


async def test_a_violation_that_turns_out_not_to_be_one_is_withdrawn(one: Judged) -> None:
    """Most of its predictions came late."""
    write_contract(one.contracts, [objective("there", "availability", ">=", 0.7)])
    await one.take(_window(1), _window(2, status="UNAVAILABLE"), _window(3))
    await one.turn()
    await one.take(*(Made(number, T0_NS + 20 * S) for number in range(10, 20)))
    await one.turn()
    assert await _told(one) == [(20, "pass", "violated"), (30, "violated", "pass"), (20, "violated", "pass")]


async def test_what_comes_late_and_breaks_a_promise_is_told_with_its_recovery(one: Judged) -> None:
    write_contract(one.contracts, [FAST])
    await one.take(_window(1), _window(2), _window(3))
    await one.turn()
    assert await _told(one) == []
    await one.take(Made(9, T0_NS + 20 * S, web_ms=SLOW_MS))
    await one.turn()
    assert await _told(one) == [(20, "pass", "violated"), (30, "violated", "pass")]


async def _final(one: Judged, made: Sequence[Made]) -> list[bytes]:
    for found in made:
        await one.take(found)
        await one.turn()
    return [verdict.SerializeToString(deterministic=True) for verdict in await one.verdicts(consumer="acme")]


async def test_judging_again_ends_and_ends_the_same(one: Judged) -> None:
    """Whatever comes last: a budget and what is usual reach over all of these windows."""
    write_contract(one.contracts, [FAST | {"budget": {"target": 0.7, "period": "10m", "burn_rate": 2, "over": "1m"}}])
    random = Random(5)
    made = [_window(number, web_ms=random.choice((10, SLOW_MS)), inference_ms=number) for number in range(12)]
    once = await _final(one, made)
    judged = one.keeper.windows["judged"]
    assert await one.turn() == 0
    again = await _final(one, [Made(99, T0_NS, consumer="umbrella"), *made])
    assert once == again
    assert one.keeper.windows["judged"] == judged + len(SIZES_S)
    late = [Made(5000 + found.number, found.start_ns, inference_ms=found.inference_ms) for found in made]
    random.shuffle(late)
    await _final(one, late)
    assert await one.turn() == 0


async def test_too_few_samples_are_unknown(one: Judged) -> None:
    write_contract(one.contracts, [FAST | {"least_count": 3}])
    await one.take(Made(1), Made(2))
    await one.turn()
    (verdict,) = await _verdicts(one)
    assert list(verdict.reasons) == ["2 of at least 3 samples"]
    assert (verdict.verdict, verdict.count, verdict.operator, verdict.threshold) == ("unknown", 2, "<=", 0.05)
