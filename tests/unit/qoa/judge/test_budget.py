"""Budgets: what windows before one have used, as policies are told."""

from collections import Counter

import pytest

from hallmark_common.contracts.model import Budget as PromisedBudget
from hallmark_qoa.judge.budget import budget_of
from hallmark_qoa.judge.facts import Budget

PROMISED = PromisedBudget(target=0.9, period="1h", burn_rate=5, over="10m")


def test_what_is_counted() -> None:
    period, look_back = Counter(good=17, bad=3, unknown=2), Counter(good=3, bad=1, unknown=1)
    budget = budget_of(PROMISED, period, look_back)
    assert budget.burn_rate == pytest.approx(2.5)
    assert budget == Budget(
        target=0.9, windows=20, violated=3, unknown=2, burn_rate=budget.burn_rate, burn_rate_limit=5
    )


@pytest.mark.parametrize("look_back", [Counter(), Counter(unknown=5)])
def test_nothing_known_burns_at_no_known_rate(look_back: Counter[str]) -> None:
    assert budget_of(PROMISED, Counter(), look_back).burn_rate is None


def test_all_bad_burns_at_the_highest_rate() -> None:
    assert budget_of(PROMISED, Counter(bad=4), Counter(bad=4)).burn_rate == pytest.approx(10)
