"""What every evaluator must make of the default policy: the same verdicts, and never a pass without its grounds."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hallmark_common.settings import Settings
from hallmark_qoa.judge.facts import Budget, Facts, Judgement, allowed
from hallmark_qoa.judge.policy import opa as policy_opa
from hallmark_qoa.judge.policy import rego as policy_rego
from hallmark_qoa.judge.policy.open import Policy, open_policy
from tests.contract.policy_cases import BUDGET, CASES, FACTS, Case
from tests.support.opa import POLICIES, Opa

KINDS = ("regopy", "opa")


PATIENCE_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def patient() -> Iterator[None]:
    """What is tried here is what OPA says, not how fast a busy machine lets it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy_opa, "TIMEOUT_S", PATIENCE_S)
        patch.setattr(policy_rego, "TIMEOUT_S", PATIENCE_S)
        yield


@pytest.fixture(scope="module")
def opa_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an OPA with the policies of the project is."""
    with Opa(tmp_path_factory.mktemp("opa")) as running:
        yield running.url


def _open(kind: str, opa_url: str) -> Policy:
    return open_policy(Settings(policies_dir=POLICIES, qoa_opa_url=opa_url if kind == "opa" else ""))


@pytest.fixture(params=KINDS)
async def policy(request: pytest.FixtureRequest, opa_url: str) -> AsyncIterator[Policy]:
    """An evaluator of each kind."""
    opened = _open(request.param, opa_url)
    yield opened
    await opened.close()


def _judge(kind: str, opa_url: str, facts: Sequence[Facts]) -> list[Judgement]:
    async def judged() -> list[Judgement]:
        policy = _open(kind, opa_url)
        try:
            return await policy.judge(facts)
        finally:
            await policy.close()

    return asyncio.run(judged())


@pytest.fixture(scope="module", params=KINDS)
def verdicts(request: pytest.FixtureRequest, opa_url: str) -> dict[str, Judgement]:
    """The judgement of each case by its name, all asked at once."""
    found = _judge(request.param, opa_url, [case.facts for case in CASES])
    return {case.name: judgement for case, judgement in zip(CASES, found, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(verdicts: dict[str, Judgement], case: Case) -> None:
    assert verdicts[case.name] == Judgement(case.verdict, case.reasons)


def test_cases_are_many_and_of_different_names() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


async def test_no_facts_are_no_judgements(policy: Policy) -> None:
    assert await policy.judge([]) == []


async def test_what_is_asked_alone_is_judged_as_among_others(policy: Policy, verdicts: dict[str, Judgement]) -> None:
    for case in CASES[::10]:
        assert await policy.judge([case.facts]) == [verdicts[case.name]]


async def test_judgements_are_in_the_order_of_their_facts(policy: Policy) -> None:
    values = [1000 + number for number in range(250)]
    found = await policy.judge([replace(FACTS, value=value, threshold=0.0) for value in values])
    assert [judgement.reasons[0] for judgement in found] == [f"response_time.p95 is {v}, more than 0" for v in values]


@pytest.mark.parametrize("field", ["threshold", "least_completeness", "least_coverage"])
async def test_a_promise_that_is_no_number_is_unknown(policy: Policy, field: str) -> None:
    (found,) = await policy.judge([replace(FACTS, **{field: math.nan})])
    assert (found.verdict, len(found.reasons)) == ("unknown", 1)


@pytest.mark.parametrize("changes", [{"target": math.nan}, {"burn_rate_limit": math.inf}])
async def test_a_budget_that_is_no_number_is_unknown(policy: Policy, changes: dict[str, float]) -> None:
    (found,) = await policy.judge([replace(FACTS, value=0.3, budget=replace(BUDGET, **changes))])
    assert (found.verdict, len(found.reasons)) == ("unknown", 1)


numbers = st.one_of(
    st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 1.0, -1.0]), st.integers(-10, 10), st.floats(allow_nan=True)
)
finite = st.one_of(st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 1.0]), st.floats(allow_nan=False, allow_infinity=False))
# Not closer to each other than regopy can tell apart.
shares = st.one_of(st.sampled_from([0.0, 0.5, 0.95, 1.0]), st.integers(0, 10**6).map(lambda n: n / 10**6))
counts = st.sampled_from([0, 1, 29, 30, 31, 10**6])
budgets = st.builds(
    Budget,
    target=st.one_of(st.sampled_from([0.9, 0.99, 0.999, 1.0]), shares),
    windows=st.integers(0, 2000),
    violated=st.integers(0, 20),
    unknown=st.integers(0, 20),
    burn_rate=st.one_of(st.none(), shares.map(lambda share: 30 * share), st.just(math.inf)),
    burn_rate_limit=st.one_of(st.none(), st.sampled_from([1.0, 14.4])),
)
usually = st.sampled_from([True, True, True, True, False])
random_facts = st.builds(
    replace,
    st.just(FACTS),
    operator=st.sampled_from(["<", "<=", ">", ">="]),
    figure=st.one_of(st.just("psi[carrier]"), st.text(st.characters(codec="utf-8", exclude_characters="\0"))),
    threshold=finite,
    value=st.one_of(st.none(), numbers, numbers, numbers),
    error=st.one_of(st.just(0.0), st.just(0.0), st.floats(0, 0.2), st.just(math.inf)),
    count=st.one_of(st.just(100), counts),
    least_count=counts,
    completeness=st.one_of(st.none(), st.just(1.0), shares),
    least_completeness=shares,
    coverage=st.one_of(st.none(), shares),
    least_coverage=st.one_of(st.none(), shares),
    applies=usually,
    closed=usually,
    behind=st.sampled_from([(), (), (), ("qoa-1",), ("qoa-1", "qoa-2")]),
    budget=st.one_of(st.none(), budgets),
)


def _number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _sure(facts: Facts) -> bool:
    """Whether anything may be said of facts, as it is written down, not as the policy is."""
    value, error = facts.value, facts.error
    if value is None or not (_number(value - error) and _number(value + error)):
        return False
    clear = value - error == value + error or not value - error <= facts.threshold <= value + error
    complete = facts.completeness is not None and facts.completeness >= facts.least_completeness
    truth = facts.least_coverage is None or (facts.coverage is not None and facts.coverage >= facts.least_coverage)
    there = facts.applies and facts.closed and not facts.behind
    return clear and complete and truth and there and facts.count >= facts.least_count


def _expected(facts: Facts) -> str:
    if not _sure(facts):
        return "unknown"
    value, threshold = facts.value or 0, facts.threshold
    compared = {"<": value < threshold, "<=": value <= threshold, ">": value > threshold, ">=": value >= threshold}
    if compared[facts.operator]:
        return "pass"
    budget = facts.budget
    if budget is None or budget.violated + 1 > allowed(budget):
        return "violated"
    if budget.burn_rate_limit is None:
        return "pass"
    if budget.burn_rate is None or not math.isfinite(budget.burn_rate):
        return "unknown"
    return "violated" if budget.burn_rate >= budget.burn_rate_limit else "pass"


@pytest.fixture(scope="module")
def evaluators(opa_url: str) -> Iterator[tuple[asyncio.Runner, list[Policy]]]:
    """One of each kind, and the loop that they are used in."""
    with asyncio.Runner() as runner:
        opened = [_open(kind, opa_url) for kind in KINDS]
        yield runner, opened
        for policy in opened:
            runner.run(policy.close())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=st.lists(random_facts, min_size=1, max_size=20))
def test_evaluators_agree_with_each_other_and_with_the_rules(
    evaluators: tuple[asyncio.Runner, list[Policy]], facts: list[Facts]
) -> None:
    runner, policies = evaluators
    regopy, opa = (runner.run(policy.judge(facts)) for policy in policies)
    assert regopy == opa
    assert [judgement.verdict for judgement in regopy] == [_expected(each) for each in facts]
    assert all(judgement.reasons for judgement in regopy)
