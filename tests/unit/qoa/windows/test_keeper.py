"""The keeper on a real store: what is folded and judged when, and what waits for what."""

import logging

import pytest

from hallmark_qoa.metrics.aggregate import Aggregate
from hallmark_qoa.stores.base import Due, TruthTold, Windows
from hallmark_qoa.windows import keeper
from tests.support.judged import LATENESS_NS, QUIET_NS, SIZES_S, STORED_NS, Judged
from tests.support.predictions import T0_NS, Made, S, objective, request_of, write_contract

DAY_S = 86_400


async def _counts(one: Judged, size_s: int = 10) -> dict[int, int]:
    """Records of acme by start of the window in seconds after T0_NS."""
    folds = await one.store.folds(Windows(size_s, consumer="acme", segment=""))
    return {fold.start_ns // S - T0_NS // S: Aggregate.decode(fold.aggregate).counts["records"] for fold in folds}


def _contract(one: Judged) -> None:
    write_contract(one.contracts, [objective("fast", "response_time", "<=", 0.05, aggregate="max")])


async def test_windows_are_folded_when_they_are_over(one: Judged) -> None:
    await one.take(Made(1, T0_NS), Made(2, T0_NS + 9 * S), Made(3, T0_NS + 20 * S))
    await one.turn(STORED_NS)
    assert await _counts(one) == {0: 2}
    assert one.keeper.waiting == 2  # the window of the third, and the minute
    await one.turn(STORED_NS + QUIET_NS)
    assert await _counts(one) == {0: 2, 20: 1}
    assert await _counts(one, 60) == {0: 3}
    assert one.keeper.waiting == 1  # the hour is not over


async def test_late_records_and_truths_make_a_window_anew(one: Judged) -> None:
    await one.take(Made(1))
    await one.turn()
    await one.take(Made(2))
    await one.turn()
    assert await _counts(one) == await _counts(one, 60) == {0: 2}
    before = await one.store.folds(Windows(60))
    await one.store.add_truths([TruthTold(Made(1).prediction, "late", T0_NS)])
    await one.turn()
    (after,) = [fold for fold in await one.store.folds(Windows(60)) if fold.segment == ""]
    assert after not in before
    assert Aggregate.decode(after.aggregate).counts["right"] == 1


async def test_a_record_that_moves_leaves_its_old_window(one: Judged) -> None:
    """Without the span of web, that has the event time, the record is where it started."""
    made = Made(1, event_ns=T0_NS - 100 * S)
    await one.engine.deliver(request_of(made.spans[2:]))
    await one.flush()
    await one.turn()
    assert await _counts(one) == {0: 1}
    await one.take(made)
    await one.turn()
    assert await _counts(one) == {-100: 1}


@pytest.mark.parametrize("start_s", [-5, -DAY_S, -1, 0, DAY_S - 1, DAY_S])
async def test_windows_at_the_borders_of_days_and_before_1970(one: Judged, start_s: int) -> None:
    """Seconds since 1970, as an event time of today's request."""
    await one.take(Made(1, event_ns=start_s * S))
    await one.turn()
    for size_s in SIZES_S:
        (fold,) = await one.store.folds(Windows(size_s, segment=""))
        assert fold.start_ns // S == start_s // size_s * size_s


async def test_an_event_in_the_year_2262_holds_up_nothing_and_hastens_nothing(one: Judged) -> None:
    _contract(one)
    await one.take(Made(1, T0_NS), Made(2, T0_NS + 1 * S, event_ns=2**63 - 1))
    assert await one.turn(T0_NS + 10 * S + LATENESS_NS - 1) == 0
    await one.turn(T0_NS + 10 * S + LATENESS_NS)
    assert await one.words("fast") == {0: "pass"}
    assert one.keeper.waiting > 0


async def test_history_beside_live_events(one: Judged) -> None:
    """Its windows are over as soon as they come, as the live ones have moved time on, and are made anew with each."""
    _contract(one)
    past_ns = T0_NS - 400 * DAY_S * S
    await one.take(Made(1, T0_NS), Made(2, T0_NS + 5 * S, event_ns=past_ns))
    await one.turn(STORED_NS)
    await one.take(Made(3, T0_NS + 6 * S, event_ns=past_ns + S, web_ms=90), Made(4, T0_NS + 60 * S))
    await one.turn(STORED_NS)
    assert await one.words("fast") == {0: "pass", -400 * DAY_S: "violated"}


async def test_a_larger_window_waits_for_the_smaller_ones_in_it(one: Judged) -> None:
    """What came first is quiet for long enough and what came next is not: the minute of both is not all there."""
    write_contract(one.contracts, [objective("fast", "response_time", "<=", 0.05, aggregate="max", window="1m")])
    await one.take(Made(1, T0_NS))
    one.stored_ns += 15 * S
    await one.take(Made(2, T0_NS + 15 * S, web_ms=90))
    await one.turn(STORED_NS + QUIET_NS)
    assert await _counts(one) == {0: 1}
    assert await one.words("fast", 60) == {}
    await one.turn(STORED_NS + 15 * S + QUIET_NS)
    assert await one.words("fast", 60) == {0: "violated"}


async def test_what_was_folded_for_a_report_is_not_judged_before_it_is_folded_again(one: Judged) -> None:
    _contract(one)
    await one.take(Made(1))
    await one.keeper.refresh(lambda _: True)
    assert await _counts(one) == {0: 1}
    one.stored_ns += QUIET_NS
    await one.take(Made(2, web_ms=90))
    await one.turn(STORED_NS + QUIET_NS)  # the mark to judge is old enough, and what came since is not
    assert await one.words("fast") == {}
    await one.turn(STORED_NS + 2 * QUIET_NS)
    assert await one.words("fast") == {0: "violated"}


async def test_a_request_that_failed_early_counts_for_the_variant_that_is_declared(one: Judged) -> None:
    write_contract(one.contracts, [objective("there", "availability", ">=", 0.9)])
    failed = Made(2, T0_NS + S, status="UNAVAILABLE")
    await one.take(Made(1))
    await one.engine.deliver(request_of(failed.spans[:1]))
    await one.flush()
    await one.turn()
    (fold,) = await one.store.folds(Windows(10, segment=""))
    assert (fold.variant, fold.version) == ("default", "1")
    (verdict,) = await one.verdicts()
    assert (verdict.variant, verdict.verdict, verdict.observed) == ("default", "violated", 0.5)


async def test_names_of_models_that_do_not_exist_leave_no_windows(one: Judged) -> None:
    for number in range(1, 20):
        missing = Made(number, model=f"typo-{number}", status="NOT_FOUND")
        await one.engine.deliver(request_of(missing.spans[:1]))
    await one.take(Made(20), Made(21, model="undeclared"), Made(22, model="undeclared", status="UNAVAILABLE"))
    await one.turn()
    for size_s in SIZES_S:
        folds = await one.store.folds(Windows(size_s, segment=""))
        assert [fold.model for fold in folds] == ["m", "undeclared"]
    assert await one.store.due(9) == []


async def test_a_record_whose_model_is_not_known_yet_is_in_no_window_of_others(one: Judged) -> None:
    await one.engine.deliver(request_of(Made(1).spans[1:2]))
    await one.take(Made(2))
    await one.turn()
    folds = await one.store.folds(Windows(60, segment=""))
    assert [(fold.model, Aggregate.decode(fold.aggregate).counts["records"]) for fold in folds] == [("m", 1)]
    await one.take(Made(1))
    await one.turn()
    assert [fold.model for fold in await one.store.folds(Windows(60, segment=""))] == ["m"]


async def test_refresh_says_which_windows_wait(one: Judged) -> None:
    await one.take(Made(1))
    waiting = await one.keeper.refresh(lambda due: due.size_s == 10)
    assert {(due.task, due.size_s) for due in waiting} == {("judge", 10)}
    assert await _counts(one, 60) == {}


async def test_a_window_that_changes_while_it_is_made_is_made_again(
    one: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one.take(Made(1))
    observed = one.store.observed

    async def and_another_comes(model: str, consumer: str, from_ns: int, before_ns: int) -> object:
        monkeypatch.undo()
        records = await observed(model, consumer, from_ns, before_ns)
        await one.take(Made(2))
        return records

    monkeypatch.setattr(one.store, "observed", and_another_comes)
    await one.turn()
    await one.turn()
    assert one.keeper.windows["again"] == 1
    assert await _counts(one) == {0: 2}


async def test_a_window_of_which_nothing_can_be_made_does_not_keep_others_from_it(
    one: Judged, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _contract(one)
    await one.take(Made(1, T0_NS), Made(2, T0_NS + 10 * S), Made(3, T0_NS, consumer="umbrella"))
    fold_records = keeper.fold_records

    def refuse(due: Due, *rest: object) -> object:
        if (due.start_ns, due.consumer) == (T0_NS, "acme"):
            raise ValueError("what is this?")
        return fold_records(due, *rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(keeper, "fold_records", refuse)
    with caplog.at_level(logging.ERROR):
        await one.turn()
        await one.turn()
    assert len(caplog.records) == one.keeper.windows["broken"] == 1
    assert [(verdict.consumer, verdict.start.seconds - T0_NS // S) for verdict in await one.verdicts()] == [
        ("umbrella", 0),
        ("acme", 10),
    ]
    monkeypatch.undo()
    await one.take(Made(4, T0_NS))
    await one.turn()
    assert await _counts(one) == {0: 2, 10: 1}
    assert await _counts(one, 60) == {0: 3}


async def test_a_restart_goes_on_where_it_was(one: Judged) -> None:
    _contract(one)
    await one.take(Made(1))
    await one.keeper.refresh(lambda due: due.size_s == 10)
    await one.kill()
    await one.start()
    await one.turn()
    assert await one.words("fast") == {0: "pass"}
    assert await one.turn() == 0
