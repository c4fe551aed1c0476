"""What came of promises, in one sentence."""

from hallmark_cli.report.story.tell import Story, Subject


def headline(story: Story) -> str:
    """The one sentence for whoever reads no other."""
    judged = [subject for subject in story.subjects if subject.promises]
    if not judged:
        return "Nothing was promised to anybody, so nothing was judged."
    promised = sum(len(subject.promises) for subject in judged)
    broken = sum(subject.broken for subject in judged)
    not_known = sum(subject.not_known for subject in judged)
    return _sentence(promised, broken, not_known)


def kept_sentence(subject: Subject) -> str:
    """Whether the promises to one consumer were kept."""
    if not subject.promises:
        return "Nothing was promised."
    return _sentence(len(subject.promises), subject.broken, subject.not_known)


def _sentence(promised: int, broken: int, not_known: int) -> str:
    if not broken and not not_known:
        return "The one promise was kept." if promised == 1 else f"All {promised} promises were kept."
    parts = []
    if broken:
        parts.append(f"{broken} of {promised} promise{'' if promised == 1 else 's'} {_was(broken)} broken")
    if not_known:
        of = "" if broken else f" of {promised} promise{'' if promised == 1 else 's'}"
        parts.append(f"{not_known}{of} could not be judged")
    if broken + not_known < promised:
        parts.append(f"{promised - broken - not_known} {_was(promised - broken - not_known)} kept")
    return f"{', '.join(parts)}."


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
