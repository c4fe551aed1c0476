"""Judge: every objective of every contract about one window, with what is to blame and what proves it.

What a verdict depends on is in the store: the folds of its window, those of the windows before it (what is usual) and
the verdicts before it (what of a budget is spent). So judging a window again gives the same verdict, and where
something before it has changed it is judged again.
"""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict
from hallmark_common.contracts.model import Budget as PromisedBudget
from hallmark_qoa.judge.blame import Case, blame
from hallmark_qoa.judge.budget import budget_of
from hallmark_qoa.judge.changes import Key, changes, key_of, latest_by_key, turns
from hallmark_qoa.judge.document import document
from hallmark_qoa.judge.evidence import prove
from hallmark_qoa.judge.facts import Budget, Facts, Judgement
from hallmark_qoa.judge.material import Material
from hallmark_qoa.judge.policy import Policy
from hallmark_qoa.judge.promises import Promise, Promised
from hallmark_qoa.judge.question import Circumstances, Question, ask
from hallmark_qoa.metrics.figure import Cell
from hallmark_qoa.metrics.worst import worst_of
from hallmark_qoa.models import Contexts
from hallmark_qoa.stores.base import Due, Event, Fold, Windows
from hallmark_qoa.windows.cells import Cells, Slot, by_slot

USUAL_WINDOWS = 20
"""So many windows before one tell what is usual."""

MAX_REMEMBERED = 20_000
"""Windows of which it is remembered what they held when they were judged; about 5 MB."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a window."""

    verdicts: Sequence[WindowVerdict] = ()
    changes: Sequence[VerdictChange] = ()
    affected: Sequence[int] = ()
    """Starts of windows that are to be judged (again): later ones whose verdicts depend on what has changed here, and
    this one where the policy could not be asked."""
    failed: bool = False
    """Whether it could not."""
    content: bytes = b""
    """A digest of the folds."""

    @property
    def events(self) -> list[Event]:
        """What is to be told."""
        return [Event(change.id, change.SerializeToString(deterministic=True)) for change in self.changes]


class Judge:
    """Judges windows of a store by the contracts in use."""

    def __init__(self, store: Material, models: Contexts, promises: Promised, policy: Policy) -> None:
        self._store = store
        self._models = models
        self._promises = promises
        self._policy = policy
        self.verdicts: Counter[str] = Counter()
        """Verdicts so far by their word, repeated ones included."""
        self._content: OrderedDict[tuple[int, str, str, int], bytes] = OrderedDict()

    async def judge(self, around: Circumstances) -> Judged:
        """Judge a window as it is stored."""
        due = around.due
        if not due.model:  # of records that do not say: nothing is promised of them
            return Judged()
        stored = await self._store.verdicts(_window(due))
        promises = self._promises.about(due.consumer, due.model, due.size_s)
        if not promises and not stored:
            return Judged()
        folds = await self._store.folds(_window(due))
        verdicts, failed = await self._answer(due, self._questions(around, promises, folds))
        news = await self._news(due, verdicts, stored)
        content = _digest(folds)
        is_other = self._content.get(due.place) != content
        affected = await self._affected(due, verdicts, stored, is_other=is_other)
        return Judged(verdicts, news, [due.start_ns, *affected] if failed else affected, failed, content)

    async def _news(
        self, due: Due, verdicts: Sequence[WindowVerdict], stored: Sequence[WindowVerdict]
    ) -> list[VerdictChange]:
        news = changes(verdicts, latest_by_key(await self._store.verdicts(_last_before(due))), latest_by_key(stored))
        if news:
            after = await self._store.verdicts(_after(due, USUAL_WINDOWS * due.size_s * 10**9))
            news += turns(news, latest_by_key(reversed(after)))
        for change in news:
            change.silenced = self._promises.is_silenced(change.verdict)
        return news

    def remember(self, due: Due, judged: Judged) -> None:
        """Note that it was written: so it is known whether a window is judged again because it holds something else."""
        place = due.place
        self._content[place] = judged.content
        self._content.move_to_end(place)
        if len(self._content) > MAX_REMEMBERED:
            self._content.popitem(last=False)

    def _questions(self, around: Circumstances, promises: Sequence[Promise], folds: Sequence[Fold]) -> list[Question]:
        context = self._models.context(around.due.model)
        slots = {slot: Cells(own) for slot, own in by_slot(folds).items()}
        asked = (ask(one, slot.variant, cells, context, around) for slot, cells in slots.items() for one in promises)
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

    async def _affected(
        self, due: Due, verdicts: Sequence[WindowVerdict], stored: Sequence[WindowVerdict], *, is_other: bool
    ) -> list[int]:
        """Later windows to judge again.

        Those for which this one tells what is usual, where its content is other than when it was judged last as far as
        that is known here, and those for which it has spent of the budget.
        """
        has_spent = _spending(verdicts) != _spending(stored)
        if not has_spent and not is_other:
            return []
        reach_ns = USUAL_WINDOWS * due.size_s * 10**9
        if has_spent:
            reach_ns = max(reach_ns, self._promises.longest_budget_ns(due.consumer, due.model, due.size_s))
        found = await self._store.verdicts(_after(due, reach_ns))
        return sorted({_start_ns(one) for one in found if one.verdict == "violated" or one.HasField("budget")})


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


def _digest(folds: Sequence[Fold]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for fold in folds:
        for part in (fold.variant, fold.version, fold.segment):
            digest.update(f"{len(part)}:{part}".encode())
        digest.update(fold.aggregate)
    return digest.digest()


def _spending(verdicts: Sequence[WindowVerdict]) -> dict[Key, tuple[str, bool]]:
    """What of a verdict counts for later ones, by objective."""
    return {key_of(one): (one.verdict, one.bad) for one in verdicts}


def _after(due: Due, reach_ns: int) -> Windows:
    return Windows(due.size_s, due.model, due.consumer, due.end_ns, due.end_ns + reach_ns)


def _last_before(due: Due) -> Windows:
    """The last windows before one, however long ago."""
    return Windows(due.size_s, due.model, due.consumer, None, due.start_ns, last=USUAL_WINDOWS)


def _before(due: Due) -> Windows:
    from_ns = due.start_ns - USUAL_WINDOWS * due.size_s * 10**9
    return Windows(due.size_s, due.model, due.consumer, from_ns, due.start_ns)


def _start_ns(verdict: WindowVerdict) -> int:
    return int(verdict.start.ToNanoseconds())
