"""Budget: how much of what a contract forgives has been used, in time slices as OpenSLO counts them.

Every window is a slice, good or bad. The budget of a period is the share ``1 - target`` of its slices. The burn rate is
the share of bad slices over a look-back, divided by that: 1 uses the budget up exactly (Beyer et al. 2018, The Site
Reliability Workbook, chapter 5).
"""

from collections import Counter

from hallmark_common.contracts.model import Budget as PromisedBudget
from hallmark_qoa.judge.facts import Budget


def budget_of(promised: PromisedBudget, period: Counter[str], look_back: Counter[str]) -> Budget:
    """What is known of a budget before a window, from the slices of its period and of the look-back by their kind."""
    judged = look_back["bad"] + look_back["good"]
    return Budget(
        target=promised.target,
        windows=period["bad"] + period["good"],
        violated=period["bad"],
        unknown=period["unknown"],
        burn_rate=look_back["bad"] / judged / (1 - promised.target) if judged else None,
        burn_rate_limit=promised.burn_rate,
    )
