"""Document: a judgement of one question as it is stored and told. Pure."""

from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.catalogue import CATALOGUE
from hallmark_common.contracts.model import Budget as PromisedBudget
from hallmark_qoa.judge.facts import Budget, Facts, Judgement
from hallmark_qoa.judge.question import Question
from hallmark_qoa.stores.base import Due


def document(due: Due, question: Question, facts: Facts, judgement: Judgement) -> WindowVerdict:
    """Without who is to blame and what proves it."""
    contract, objective = question.promise.contract, question.promise.objective
    verdict = WindowVerdict(
        contract=contract.name,
        contract_version=contract.version,
        objective=objective.name,
        severity=objective.severity,
        consumer=due.consumer,
        model=due.model,
        variant=question.variant,
        segment=objective.segment,
        window_s=due.size_s,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        figure=facts.figure,
        operator=facts.operator,
        threshold=facts.threshold,
        count=facts.count,
        completeness=facts.completeness or 0.0,
        unit=CATALOGUE[objective.metric].unit,
    )
    verdict.start.FromNanoseconds(due.start_ns)
    if facts.value is not None:
        verdict.observed = facts.value
    if facts.budget is not None and objective.budget is not None:
        _fill_budget(verdict, facts.budget, objective.budget)
    return verdict


def _fill_budget(verdict: WindowVerdict, budget: Budget, promised: PromisedBudget) -> None:
    verdict.budget.target = budget.target
    verdict.budget.period_s = promised.period_s
    verdict.budget.windows = budget.windows
    verdict.budget.violated = budget.violated
    if budget.burn_rate is not None:
        verdict.budget.burn_rate = budget.burn_rate
