"""Judge: every objective of every contract about one window, with what is to blame and what proves it.

What a verdict depends on is in the store: the folds of its window, those of the windows before it (what is usual) and
the verdicts before it (what of a budget is spent). So judging a window again gives the same verdict, and where
something before it has changed it is judged again: the store's transaction that changes it finds out for which windows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.contracts.model import Budget as PromisedBudget
from hallmark_qoa.judge.before import Before
from hallmark_qoa.judge.blame import Case, blame
from hallmark_qoa.judge.budget import budget_of
from hallmark_qoa.judge.changes import Key, changes, key_of, latest_by_key, settled, turns
from hallmark_qoa.judge.document import document
from hallmark_qoa.judge.evidence import prove
from hallmark_qoa.judge.facts import Budget, Facts, Judgement
from hallmark_qoa.judge.material import Material
from hallmark_qoa.judge.policy.open import Policy
from hallmark_qoa.judge.promises import Promise, Promised
from hallmark_qoa.judge.question import Circumstances, Question, Window, ask, unplaced
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.worst import worst_of
from hallmark_qoa.models import Contexts
from hallmark_qoa.stores.base import Due, Event, Fold, Spent, Windows
from hallmark_qoa.stores.verdicts import slice_of
from hallmark_qoa.windows.cells import Cells, Slot, by_slot

USUAL_WINDOWS = 20
"""So many windows before one tell what is usual."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a window."""

    verdicts: Sequence[WindowVerdict] = ()
    changes: Sequence[VerdictChange] = ()
    settled: Sequence[tuple[VerdictChange, str]] = ()
    """What is to be told only to those who were told of another change, with the id of that."""
    spent: Sequence[Spent] = ()
    """Objectives of which the window counts otherwise in budgets than before."""
    failed: bool = False
    """Whether the policy could not be asked."""

    @property
    def events(self) -> list[Event]:
        """What is to be told."""
        told = [(change, "") for change in self.changes]
        return [Event(one.id, one.SerializeToString(deterministic=True), only) for one, only in (*told, *self.settled)]


class Judge:
    """Judges windows of a store by the contracts in use."""

    def __init__(self, store: Material, models: Contexts, promises: Promised, policy: Policy) -> None:
        self._store = store
        self._models = models
        self._promises = promises
        self._policy = policy
        self.verdicts: Counter[str] = Counter()
        """Verdicts so far by their word, repeated ones included."""

    async def judge(self, around: Circumstances) -> Judged:
        """Judge a window as it is stored."""
        due = around.due
        stored = await self._store.verdicts(_window(due))
        promises = self._promises.about(due.consumer, due.model, due.size_s)
        if not promises and not stored:
            return Judged()
        folds = await self._store.folds(_window(due))
        verdicts, failed = await self._answer(due, self._questions(around, promises, folds))
        news, known = await self._news(around, promises, verdicts, stored)
        return Judged(verdicts, news, known, _spent(promises, verdicts, stored), failed)

    async def _news(
        self,
        around: Circumstances,
        promises: Sequence[Promise],
        verdicts: Sequence[WindowVerdict],
        stored: Sequence[WindowVerdict],
    ) -> tuple[list[VerdictChange], list[tuple[VerdictChange, str]]]:
        """What is to be told, and what only to those who were told of something else."""
        due = around.due
        if around.told_from_ns is not None and due.start_ns < around.told_from_ns:
            return [], []
        before = await Before(self._store, self._promises, due, around.told_from_ns).verdicts(verdicts)
        so_far = latest_by_key(stored)
        news = changes(verdicts, before, so_far, due.revision)
        known = settled(verdicts, before, so_far, due.revision, _awaiting(promises, verdicts))
        if news or known:
            later = await self._later(due)
            news += turns(news, *later)
            known += [(turn, only) for change, only in known for turn in turns([change], *later)]
        for change in (*news, *(change for change, _ in known)):
            change.silenced = self._promises.silence_of(change.verdict) is not None
        return news, known

    async def _later(self, due: Due) -> tuple[dict[Key, WindowVerdict], dict[Key, WindowVerdict]]:
        """The next verdict of each objective after a window, and the latest that there is."""
        end_ns = due.end_ns + USUAL_WINDOWS * due.size_s * 10**9
        after = await self._store.verdicts(Windows(due.size_s, due.model, due.consumer, due.end_ns, end_ns))
        latest = await self._store.verdicts(Windows(due.size_s, due.model, due.consumer, due.end_ns, last=1))
        return latest_by_key(reversed(after)), latest_by_key(latest)

    def _questions(self, around: Circumstances, promises: Sequence[Promise], folds: Sequence[Fold]) -> list[Question]:
        context = self._models.context(around.due.model)
        slots = {slot: Cells(own) for slot, own in by_slot(folds).items()}
        window = Window(context, around, sum(map(unplaced, slots.values())) if promises else 0)
        asked = (ask(one, slot.variant, cells, window) for slot, cells in slots.items() for one in promises)
        return [question for question in asked if question is not None]

    async def _answer(self, due: Due, questions: Sequence[Question]) -> tuple[list[WindowVerdict], bool]:
        """The verdicts, in order of contract, objective and variant, and whether the policy failed to give one."""
        own = await self._policy.judge([question.facts for question in questions])
        final = await self._with_budgets(due, questions, own)
        usual = _Usual(self._store, due)
        verdicts = []
        for question, judgement, (facts, spoken) in zip(questions, own, final, strict=True):
            verdict = document(due, question, facts, spoken)
            verdict.bad = judgement.verdict == "violated"
            if verdict.verdict == "violated":
                await self._explain(verdict, question, await usual.cells(question))
            self.verdicts[verdict.verdict] += 1
            verdicts.append(verdict)
        failed = any(one.failed for one in own) or any(one.failed for _, one in final)
        return sorted(verdicts, key=key_of), failed

    async def _with_budgets(
        self, due: Due, questions: Sequence[Question], own: Sequence[Judgement]
    ) -> list[tuple[Facts, Judgement]]:
        """Facts and judgements of all questions; those with a budget are judged again, knowing what of it is spent."""
        final = [(question.facts, judgement) for question, judgement in zip(questions, own, strict=True)]
        spent = {
            number: replace(question.facts, budget=await self._spent(due, question, question.promise.objective.budget))
            for number, question in enumerate(questions)
            if question.promise.objective.budget is not None
        }
        if spent:
            again = await self._policy.judge(list(spent.values()))
            for (number, facts), judgement in zip(spent.items(), again, strict=True):
                final[number] = (facts, judgement)
        return final

    async def _spent(self, due: Due, question: Question, budget: PromisedBudget) -> Budget:
        async def slices(seconds: float) -> Counter[str]:
            from_ns = due.start_ns - int(seconds * 1e9)
            which = Windows(
                due.size_s, due.model, due.consumer, from_ns, due.start_ns, question.promise.objective.segment
            )
            promise = question.promise
            return await self._store.slices(which, promise.contract.name, promise.objective.name, question.variant)

        period = await slices(budget.period_s)
        return budget_of(budget, period, await slices(budget.over_s) if budget.over_s else period)

    async def _explain(self, verdict: WindowVerdict, question: Question, usual: Sequence[Cell]) -> None:
        objective = question.promise.objective
        context = self._models.context(verdict.model)
        verdict.blame.CopyFrom(blame(Case(objective, question.cell, usual, context)))
        exemplars = worst_of(question.cell, context, objective.key)
        verdict.evidence.extend(await prove(self._store, exemplars, verdict.blame.stage))


class _Usual:
    """The windows before one, read when somebody asks for them."""

    def __init__(self, store: Material, due: Due) -> None:
        self._store = store
        self._due = due
        self._slots: dict[Slot, Cells] | None = None

    async def cells(self, question: Question) -> list[Cell]:
        """Those of the series of a question, oldest first."""
        if self._slots is None:
            folds = await self._store.folds(_before(self._due))
            self._slots = {slot: Cells(own) for slot, own in by_slot(folds).items()}
        contract, objective = question.promise.contract, question.promise.objective
        cells = (
            of_slot.cell(contract.model.versions, objective.segment)
            for slot, of_slot in self._slots.items()
            if slot.variant == question.variant
        )
        return [cell for cell in cells if cell is not None]


def _window(due: Due) -> Windows:
    return Windows(due.size_s, due.model, due.consumer, due.start_ns, due.end_ns)


def _awaiting(promises: Sequence[Promise], verdicts: Sequence[WindowVerdict]) -> set[Key]:
    """Those on objectives that need truth."""
    waiting = {(one.contract.name, one.objective.name) for one in promises if one.objective.needs_truth}
    return {key for key in map(key_of, verdicts) if key[:2] in waiting}


def _spent(
    promises: Sequence[Promise], verdicts: Sequence[WindowVerdict], stored: Sequence[WindowVerdict]
) -> list[Spent]:
    """Of the objectives that have a budget."""
    budgets = {(one.contract.name, one.objective.name): one.objective.budget for one in promises}
    now, before = _slices(verdicts), _slices(stored)
    found = []
    for key in sorted(now.keys() | before.keys()):
        budget = budgets.get(key[:2])
        if budget is not None and now.get(key) != before.get(key):
            found.append(Spent(*key, int(max(budget.period_s, budget.over_s or 0) * 1e9)))
    return found


def _slices(verdicts: Sequence[WindowVerdict]) -> dict[Key, str]:
    """What each objective counts as in a budget."""
    return {key_of(one): slice_of(one) for one in verdicts}


def _before(due: Due) -> Windows:
    from_ns = due.start_ns - USUAL_WINDOWS * due.size_s * 10**9
    return Windows(due.size_s, due.model, due.consumer, from_ns, due.start_ns)
