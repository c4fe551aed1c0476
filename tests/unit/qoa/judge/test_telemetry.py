"""What the meter tells of judging: as it is in the store, whoever judged, and with labels from contracts alone."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from hallmark_common import attributes as a
from hallmark_common.settings import Settings
from hallmark_qoa.judge.backlog import Patience
from hallmark_qoa.judge.telemetry import JudgingTelemetry
from hallmark_qoa.judging import Judging
from hallmark_qoa.stores.base import Store
from hallmark_qoa.stores.sqlite.store import SqliteStore
from tests.support.command import ROOT
from tests.support.predictions import objective, write_contract, write_model
from tests.support.records import NOW_NS, put, stage

S = 10**9
PATIENCE = Patience(lateness_ns=10 * S, quiet_ns=20 * S)
THERE = objective("there", "availability", ">=", 0.5, severity="critical")
ALWAYS = objective("always", "availability", ">=", 1.0)
Points = dict[frozenset[tuple[str, Any]], float]


@dataclass
class Watched:
    """A store with what judges it and what tells of that, at a time that the test sets."""

    store: Store
    judging: Judging
    now_s: float = 100.0
    untold: int = 0
    telemetry: JudgingTelemetry = field(init=False)

    def __post_init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.telemetry = JudgingTelemetry(
            self.judging,
            self.store,
            PATIENCE,
            untold=lambda: self.untold,
            now_ns=lambda: NOW_NS + int(self.now_s * S),
        )
        self.telemetry.observe(MeterProvider([self.reader]).get_meter("test"))

    async def answered(self, start_s: int, consumer: str, *statuses: str) -> None:
        """Predictions in a window, that ended so."""
        for number, status in enumerate(statuses):
            trace = int.from_bytes(f"{consumer}{start_s}".encode())
            one = stage(number + 1, NOW_NS + start_s * S, trace=trace, consumer=consumer, status=status)
            await put(self.store, one)

    async def told(self, name: str) -> Points:
        """The points of an instrument after a look, by their attributes."""
        await self.telemetry.look()
        return self.read().get(name, {})

    def read(self) -> dict[str, Points]:
        """All instruments that have points."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: {frozenset(point.attributes.items()): point.value for point in metric.data.data_points}
            for metric in data.resource_metrics[0].scope_metrics[0].metrics
        }


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    """Two promises on model m to everyone."""
    write_model(tmp_path / "models")
    write_contract(tmp_path / "contracts", [THERE, ALWAYS], completeness=0)
    settings = Settings(
        models_dir=tmp_path / "models", contracts_dir=tmp_path / "contracts", policies_dir=ROOT / "policies"
    )
    store = await SqliteStore.open(tmp_path / "qoa.sqlite3", lambda: NOW_NS)
    judging = Judging(settings, store, lambda: 0)
    yield Watched(store, judging)
    await judging.close()
    await store.close()


def by(objective: str, severity: str, **more: str) -> frozenset[tuple[str, str]]:
    """Attributes of a point about an objective."""
    return frozenset(
        {"contract": "deal", "objective": objective, "severity": severity, "consumer": "*", **more}.items()
    )


def test_what_is_told_of_nothing(watched: Watched) -> None:
    told = watched.read()
    assert set(told[a.METRIC_QOA_POLICY].values()) == {0, 1}
    assert list(told[a.METRIC_QOA_JUDGING_LAG].values()) == [0]
    assert a.METRIC_QOA_VERDICT not in told


async def test_verdicts_of_the_latest_window_by_consumer(watched: Watched) -> None:
    await watched.answered(0, "alice", "UNAVAILABLE")
    await watched.answered(10, "alice", "OK", "OK")
    await watched.answered(10, "bob", "OK", "UNAVAILABLE")
    await watched.judging.turn()

    verdicts = await watched.told(a.METRIC_QOA_VERDICT)

    assert verdicts == {
        by("there", "critical", verdict="pass"): 2,
        by("there", "critical", verdict="violated"): 0,
        by("there", "critical", verdict="unknown"): 0,
        by("always", "warning", verdict="pass"): 1,
        by("always", "warning", verdict="violated"): 1,
        by("always", "warning", verdict="unknown"): 0,
    }
    assert await watched.told(a.METRIC_QOA_OBJECTIVE_VALUE) == {
        by("there", "critical", figure="availability", unit="1"): 0.5,
        by("always", "warning", figure="availability", unit="1"): 0.5,
    }
    assert await watched.told(a.METRIC_QOA_VERDICT_AGE) == {by("there", "critical"): 80, by("always", "warning"): 80}
    assert await watched.told(a.METRIC_QOA_OBJECTIVE_COMPLETENESS) == {
        by("there", "critical"): 0,
        by("always", "warning"): 0,
    }


async def test_of_a_segment_the_latest_window_is_the_one_that_has_something_of_it(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hallmark_qoa.judge.promises.LOOK_EVERY_S", 0)
    write_contract(tmp_path / "contracts", [THERE | {"segment": {"kind": "a"}}, ALWAYS], completeness=0)
    for number, kind, status in ((1, "a", "UNAVAILABLE"), (2, "b", "OK")):
        web, inner = (
            stage(number, NOW_NS + number * 10 * S, name=name, status=status) for name in ("web", "preprocess")
        )
        said = (*inner.facts, (a.DATA_VALUES, (f'{{"kind": "{kind}"}}',)))
        await put(watched.store, web, inner._replace(facts=said))
    await watched.judging.turn()

    verdicts = await watched.told(a.METRIC_QOA_VERDICT)

    assert verdicts[by("there", "critical", verdict="violated")] == 1
    assert verdicts[by("always", "warning", verdict="violated")] == 0


async def test_thresholds_are_told_before_anything_is_judged(watched: Watched) -> None:
    assert await watched.told(a.METRIC_QOA_OBJECTIVE_THRESHOLD) == {
        by("there", "critical", figure="availability", unit="1"): 0.5,
        by("always", "warning", figure="availability", unit="1"): 1.0,
    }
    assert set((await watched.told(a.METRIC_QOA_OBJECTIVE_WINDOW)).values()) == {10}


async def test_names_that_callers_make_up_are_no_labels(watched: Watched) -> None:
    await watched.answered(0, "made-up", "OK")
    await watched.judging.turn()
    await watched.telemetry.look()

    assert "made-up" not in str(watched.read())


async def test_what_was_judged_is_told_after_a_restart(watched: Watched) -> None:
    await watched.answered(0, "alice", "OK")
    await watched.judging.turn()
    assert (await watched.told(a.METRIC_QOA_JUDGEMENTS)) == {frozenset({("verdict", "pass")}): 2}

    again = Watched(watched.store, watched.judging)

    assert await again.told(a.METRIC_QOA_VERDICT) == await watched.told(a.METRIC_QOA_VERDICT)


async def test_a_contract_that_is_gone_is_told_no_more(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hallmark_qoa.judge.promises.LOOK_EVERY_S", 0)
    await watched.answered(0, "alice", "OK")
    await watched.judging.turn()
    assert await watched.told(a.METRIC_QOA_VERDICT)

    (tmp_path / "contracts/deal.yaml").unlink()

    assert not await watched.told(a.METRIC_QOA_VERDICT)
    assert not await watched.told(a.METRIC_QOA_OBJECTIVE_THRESHOLD)


async def test_what_waits_lags_until_it_is_judged(watched: Watched) -> None:
    await watched.answered(0, "alice", "OK")
    assert list((await watched.told(a.METRIC_QOA_WINDOW_MARKS)).values()) == [1]
    assert list((await watched.told(a.METRIC_QOA_JUDGING_LAG)).values()) == [80]

    await watched.judging.turn()

    assert list((await watched.told(a.METRIC_QOA_WINDOW_MARKS)).values()) == [0]
    assert list((await watched.told(a.METRIC_QOA_JUDGING_LAG)).values()) == [0]
    windows = await watched.told(a.METRIC_QOA_WINDOWS)
    assert windows == {frozenset({("outcome", "folded")}): 4, frozenset({("outcome", "judged")}): 4}


async def test_files_of_contracts_in_use_and_broken(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hallmark_qoa.judge.promises.LOOK_EVERY_S", 0)
    assert await states(watched, a.METRIC_QOA_CONTRACTS) == {"used": 1, "broken": 0}

    (tmp_path / "contracts/deal.yaml").write_text("nonsense: [")
    (tmp_path / "contracts/other.yaml").write_text("name: 1")

    assert await states(watched, a.METRIC_QOA_CONTRACTS) == {"used": 1, "broken": 2}


async def states(watched: Watched, name: str) -> dict[str, float]:
    """Points of an instrument by state."""
    return {dict(labels)["state"]: value for labels, value in (await watched.told(name)).items()}


@pytest.fixture
def policy_in(tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Gives the engine a policy of the test's own instead of the shipped one."""
    monkeypatch.setattr("hallmark_qoa.judge.policy.files.LOOK_EVERY_S", 0)
    folder = tmp_path / "policies"
    folder.mkdir()
    monkeypatch.setattr(watched.judging.policy._files, "_folder", folder)  # type: ignore[attr-defined]  # that of Rego
    return (folder / "own.rego").write_text


async def test_whether_a_policy_judges(watched: Watched, policy_in: Callable[[str], int]) -> None:
    assert await states(watched, a.METRIC_QOA_POLICY) == {"used": 1, "wrong": 0}
    await watched.answered(0, "alice", "OK")
    await watched.judging.turn()
    assert await states(watched, a.METRIC_QOA_POLICY) == {"used": 0, "wrong": 1}

    policy_in((ROOT / "policies/default.rego").read_text())
    await watched.answered(20, "alice", "OK")
    await watched.judging.turn()
    assert await states(watched, a.METRIC_QOA_POLICY) == {"used": 1, "wrong": 0}

    policy_in("package nonsense :=")
    await watched.answered(40, "alice", "OK")
    await watched.judging.turn()
    assert await states(watched, a.METRIC_QOA_POLICY) == {"used": 1, "wrong": 1}


async def test_changes_that_wait_to_be_told(watched: Watched) -> None:
    watched.untold = 7
    assert list((await watched.told(a.METRIC_QOA_UNTOLD_EVENTS)).values()) == [7]


async def test_budget_of_an_objective(watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hallmark_qoa.judge.promises.LOOK_EVERY_S", 0)
    budget = {"target": 0.5, "period": "1h", "burn_rate": 2, "over": "1h"}
    write_contract(tmp_path / "contracts", [{**ALWAYS, "budget": budget}], completeness=0)
    for start_s, status in ((0, "OK"), (10, "UNAVAILABLE"), (20, "OK"), (30, "OK"), (40, "OK")):
        await watched.answered(start_s, "alice", status)
    await watched.judging.turn()

    assert await watched.told(a.METRIC_QOA_OBJECTIVE_BUDGET_LEFT) == {by("always", "warning"): pytest.approx(0.5)}
    assert await watched.told(a.METRIC_QOA_OBJECTIVE_BURN_RATE) == {by("always", "warning"): pytest.approx(0.5)}
