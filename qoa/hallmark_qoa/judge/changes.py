"""Changes: which verdicts differ from the one before, so that somebody is to be told. Pure.

A verdict is news where it differs from that of the window before, of the same objective, consumer, model, variant and
segment. The first one is news where it is ``violated``.

Of a window that is judged again, because something came late, it is news that its verdict became the opposite, as
somebody may have been told of that; not that it is unknown, nor that it is known at last and the same as before: labels
are awaited in every new window.

Where labels had nothing to do with it, but an engine had fallen silent, whoever was told that it is unknown is told too
that it is the same as before after all.

Where news is of a window that is not the last one, the next may be the opposite: then that is news once more, so that
who hears of a violation that came late hears that it is over too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict

_OPPOSITE = {"pass": "violated", "violated": "pass"}

Key = tuple[str, str, str, str]
"""Contract, objective, variant, segment; consumer, model and size are those of the window."""


def key_of(verdict: WindowVerdict) -> Key:
    """What a verdict is of, within the windows of one consumer and model of one size."""
    return verdict.contract, verdict.objective, verdict.variant, verdict.segment


def latest_by_key(verdicts: Iterable[WindowVerdict]) -> dict[Key, WindowVerdict]:
    """The last verdict of each objective, of verdicts in order of time."""
    return {key_of(verdict): verdict for verdict in verdicts}


def changes(
    verdicts: Sequence[WindowVerdict], before: Mapping[Key, WindowVerdict], stored: Mapping[Key, WindowVerdict]
) -> list[VerdictChange]:
    """What is news of a window: ``before`` are the last verdicts before it, ``stored`` those that it had so far."""
    found = []
    for verdict in verdicts:
        words = _word(before.get(key_of(verdict))), _word(stored.get(key_of(verdict)))
        if _is_news(verdict.verdict, *words):
            withdrawn = words[1] if words[1] in _OPPOSITE and words[1] != verdict.verdict else ""
            found.append(VerdictChange(id=change_id(verdict, withdrawn), verdict=verdict, before=withdrawn or words[0]))
    return found


def settled(
    verdicts: Sequence[WindowVerdict], before: Mapping[Key, WindowVerdict], stored: Mapping[Key, WindowVerdict]
) -> list[tuple[VerdictChange, str]]:
    """What is news of a window to those who were told that it is unknown, each with the id of what they were told."""
    found = []
    for verdict in verdicts:
        was = stored.get(key_of(verdict))
        if was is not None and was.verdict == "unknown" != verdict.verdict == _word(before.get(key_of(verdict))):
            change = VerdictChange(id=change_id(verdict, was.verdict), verdict=verdict, before=was.verdict)
            found.append((change, change_id(was)))
    return found


def turns(news: Iterable[VerdictChange], after: Mapping[Key, WindowVerdict]) -> list[VerdictChange]:
    """What is news again of the windows after one of which there is news: ``after`` are the first verdicts of those."""
    found = ((change.verdict.verdict, after.get(key_of(change.verdict))) for change in news)
    return [
        VerdictChange(id=change_id(verdict), verdict=verdict, before=word)
        for word, verdict in found
        if verdict is not None and verdict.verdict == _OPPOSITE.get(word)
    ]


def change_id(verdict: WindowVerdict, withdrawn: str = "") -> str:
    """The same for the same verdict on the same window, whoever finds it: 32 hexadecimal digits of a SHA-256.

    ``withdrawn`` is the other verdict that the window had and that somebody may have been told.
    """
    parts = (
        *(verdict.contract, verdict.contract_version, verdict.objective, verdict.consumer, verdict.model),
        *(verdict.variant, verdict.segment, str(verdict.window_s), str(verdict.start.seconds), verdict.verdict),
        *([withdrawn] if withdrawn else []),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _is_news(now: str, before: str, stored: str) -> bool:
    if stored and now == "unknown":
        return False
    if stored in _OPPOSITE:
        return now != stored
    return now != before and (bool(before) or now == "violated")


def _word(verdict: WindowVerdict | None) -> str:
    return verdict.verdict if verdict is not None else ""
