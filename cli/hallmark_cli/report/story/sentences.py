"""What came of promises, in one sentence."""

from hallmark_cli.report.story.tell import Story, Subject

WHERE_JUDGED = " where that could be judged"


def headline(story: Story) -> str:
    """The one sentence for whoever reads no other."""
    judged = [subject for subject in story.subjects if subject.promises]
    if not judged:
        return "Nothing was promised to anybody, so nothing was judged."
    promised = sum(len(subject.promises) for subject in judged)
    broken = sum(subject.broken for subject in judged)
    not_known = sum(subject.not_known for subject in judged)
    return _sentence(promised, broken, not_known, gaps=any(subject.gaps for subject in judged))


def kept_sentence(subject: Subject) -> str:
    """Whether the promises to one consumer were kept."""
    if not subject.promises:
        return "Nothing was promised."
    return _sentence(len(subject.promises), subject.broken, subject.not_known, gaps=subject.gaps)


def _sentence(promised: int, broken: int, not_known: int, *, gaps: bool) -> str:
    if promised == 1 and (broken or not_known):
        return f"The one promise {'was broken' if broken else 'could not be judged'}."
    if not broken and not not_known:
        who = {1: "The one promise was", 2: "Both promises were"}.get(promised, f"All {promised} promises were")
        return f"{who} kept{WHERE_JUDGED if gaps else ''}."
    parts = []
    if broken:
        parts.append(f"{broken} of {promised} promises {_was(broken)} broken")
    if not_known:
        of = "" if broken else f" of {promised} promises"
        parts.append(f"{not_known}{of} could not be judged")
    if broken + not_known < promised:
        kept = promised - broken - not_known
        parts.append(f"{kept} {_was(kept)} kept{WHERE_JUDGED if gaps else ''}")
    return f"{', '.join(parts)}."


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
