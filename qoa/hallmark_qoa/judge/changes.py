"""Changes: which verdicts differ from the one before, so that somebody is to be told. Pure.

A verdict is news where it differs from that of the window before, of the same objective, consumer, model, variant and
segment. The first one is news where it is ``violated``. A window that is judged again, because something came late, is
news where its verdict became another one and is known: that labels are awaited in every new window is no news.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark.qoa.v1.report_pb2 import WindowVerdict

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
    """What is news of a window: ``before`` are the verdicts of earlier windows, ``stored`` those it had so far."""
    return [
        VerdictChange(id=change_id(verdict), verdict=verdict, before=_word(before.get(key_of(verdict))))
        for verdict in verdicts
        if _is_news(verdict.verdict, _word(before.get(key_of(verdict))), _word(stored.get(key_of(verdict))))
    ]


def change_id(verdict: WindowVerdict) -> str:
    """The same for the same verdict on the same window, whoever finds it: 32 hexadecimal digits of a SHA-256."""
    parts = (
        *(verdict.contract, verdict.contract_version, verdict.objective, verdict.consumer, verdict.model),
        *(verdict.variant, verdict.segment, str(verdict.window_s), str(verdict.start.seconds), verdict.verdict),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _is_news(now: str, before: str, stored: str) -> bool:
    if now == before or (not before and now != "violated"):
        return False
    return not stored or (now not in (stored, "unknown"))


def _word(verdict: WindowVerdict | None) -> str:
    return verdict.verdict if verdict is not None else ""
