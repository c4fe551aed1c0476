"""Changes: which verdicts differ from the one before, so that somebody is to be told. Pure.

A verdict is news where it differs from that of the window before, of the same objective, consumer, model, variant and
segment. The first one is news where it is ``violated``.

Of a window that is judged again, because something came late, it is news that its verdict is another one, as somebody
may go by the one that it had; not that it is known at last and the same as before: labels are awaited in every new
window.

Where labels had nothing to do with it, but an engine had fallen silent, or where it had been known already, whoever was
told that it is unknown is told too that it is the same as before after all.

Where news is of a window that is not the last one, the next one, and the latest, may be known to be otherwise: then
those are news once more, so that who hears of a violation that came late hears that it is over too, and nobody takes
what was for what is.

A verdict may come back as often as things come late: what is told of a window that is judged again has an id of its
own, by the revision of the mark. What is told of it first, and that it is unknown, has one that the verdict gives.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict

_KNOWN = ("pass", "violated")

Key = tuple[str, str, str, str]
"""Contract, objective, variant, segment; consumer, model and size are those of the window."""


def key_of(verdict: WindowVerdict) -> Key:
    """What a verdict is of, within the windows of one consumer and model of one size."""
    return verdict.contract, verdict.objective, verdict.variant, verdict.segment


def latest_by_key(verdicts: Iterable[WindowVerdict]) -> dict[Key, WindowVerdict]:
    """The last verdict of each objective, of verdicts in order of time."""
    return {key_of(verdict): verdict for verdict in verdicts}


def changes(
    verdicts: Sequence[WindowVerdict],
    before: Mapping[Key, WindowVerdict],
    stored: Mapping[Key, WindowVerdict],
    revision: int,
) -> list[VerdictChange]:
    """What is news of a window: ``before`` are the last verdicts before it, ``stored`` those that it had so far.

    ``revision`` is that of the mark by which it is judged.
    """
    found = []
    for verdict in verdicts:
        was_before, was = _word(before.get(key_of(verdict))), _word(stored.get(key_of(verdict)))
        if _is_news(verdict.verdict, was_before, was):
            identity = change_id(verdict, *_again(verdict.verdict, was, revision))
            found.append(VerdictChange(id=identity, verdict=verdict, before=was if was in _KNOWN else was_before))
    return found


def settled(
    verdicts: Sequence[WindowVerdict],
    before: Mapping[Key, WindowVerdict],
    stored: Mapping[Key, WindowVerdict],
    revision: int,
    awaiting: Container[Key] = (),
) -> list[tuple[VerdictChange, str]]:
    """What is news of a window to those who were told that it is unknown, each with the id of what they were told.

    Of those ``awaiting`` labels only where it had been known before.
    """
    found = []
    for verdict in verdicts:
        key = key_of(verdict)
        was = stored.get(key)
        if was is not None and was.verdict == "unknown" != verdict.verdict == _word(before.get(key)):
            first = [] if key in awaiting else [change_id(was)]
            for told in (*first, *(change_id(was, known) for known in _KNOWN)):
                identity = change_id(verdict, told, revision)
                found.append((VerdictChange(id=identity, verdict=verdict, before=was.verdict), told))
    return found


def turns(news: Iterable[VerdictChange], *after: Mapping[Key, WindowVerdict]) -> list[VerdictChange]:
    """What is news again after news of a window: ``after`` are the next verdicts after it, and the latest there are."""
    found = []
    for change in news:
        told = change.verdict.verdict
        for later in after:
            verdict = later.get(key_of(change.verdict))
            if verdict is not None and verdict.verdict in _KNOWN and verdict.verdict != told:
                found.append(VerdictChange(id=change_id(verdict, change.id), verdict=verdict, before=told))
                told = verdict.verdict
    return found


def change_id(verdict: WindowVerdict, *again: str | int) -> str:
    """The same for the same verdict on the same window, whoever finds it: 32 hexadecimal digits of a SHA-256.

    ``again`` tells apart what is told of a window more than once.
    """
    parts = (
        *(verdict.contract, verdict.contract_version, verdict.objective, verdict.consumer, verdict.model),
        *(verdict.variant, verdict.segment, str(verdict.window_s), str(verdict.start.seconds), verdict.verdict),
        *map(str, again),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _is_news(now: str, before: str, stored: str) -> bool:
    if stored in (*_KNOWN, now):
        return now != stored
    return now != before and (bool(before) or now == "violated")


def _again(now: str, stored: str, revision: int) -> tuple[str | int, ...]:
    """What the id of news is made of besides the verdict."""
    if not stored:
        return ()
    return (stored,) if now == "unknown" else (stored, revision)


def _word(verdict: WindowVerdict | None) -> str:
    return verdict.verdict if verdict is not None else ""
