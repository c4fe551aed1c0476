"""Trial: a new policy judges samples before it judges anything else."""

from dataclasses import replace

from hallmark_qoa.judge.facts import Budget, Facts
from hallmark_qoa.judge.policy.answers import check
from hallmark_qoa.judge.policy.base import PolicyError
from hallmark_qoa.judge.policy.worker import Worker

MEND = "mend it, `opa check` and `opa test` help"

_GOOD = Facts(
    contract="trial",
    contract_version="1",
    objective="trial",
    figure="response_time.p95",
    unit="s",
    operator="<=",
    threshold=0.2,
    value=0.1,
    error=0.001,
    count=100,
    least_count=30,
    records=100,
    completeness=1.0,
    least_completeness=0.95,
    coverage=None,
    least_coverage=None,
    applies=True,
    closed=True,
    behind=(),
    budget=None,
    window_s=60,
    start="2026-01-01T00:00:00Z",
    end="2026-01-01T00:01:00Z",
)
_BUDGET = Budget(target=0.9, windows=99, violated=2, unknown=1, burn_rate=0.2, burn_rate_limit=14.4)

SAMPLES = (
    _GOOD,
    replace(_GOOD, value=0.3),
    replace(_GOOD, value=0.2),
    replace(_GOOD, value=0.3, budget=_BUDGET),
    replace(_GOOD, value=0.3, budget=replace(_BUDGET, violated=10)),
    replace(_GOOD, value=0.3, budget=replace(_BUDGET, burn_rate=None, burn_rate_limit=None)),
    replace(_GOOD, operator=">=", figure="accuracy", coverage=0.9, least_coverage=0.5),
    replace(_GOOD, operator="<", coverage=0.1, least_coverage=0.5),
    replace(_GOOD, operator=">", value=None, count=0, records=0, completeness=None),
    replace(_GOOD, count=3, completeness=0.5),
    replace(_GOOD, applies=False, closed=False, behind=("one", "two")),
)


def prove(worker: Worker) -> None:
    """Return once a worker's policy has judged the samples; :class:`PolicyError` where it cannot."""
    try:
        check(worker.answer(SAMPLES), SAMPLES)
    except PolicyError as error:
        raise PolicyError(f"{error}; {MEND}") from None
