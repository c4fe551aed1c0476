"""The pause after a failure grows, is bounded, and is short again after a success."""

from hallmark_qoa.retry import MAX_PAUSE_S, MIN_PAUSE_S, Retry


def pauses(retry: Retry, count: int) -> list[float]:
    found = []
    for _ in range(count):
        retry.failed(100.0)
        found.append(next(pause for pause in (0.25 * n for n in range(99)) if retry.is_due(100.0 + pause)))
    return found


def test_pause_doubles_up_to_its_bound() -> None:
    retry = Retry()
    assert retry.is_due(0.0)
    assert pauses(retry, 7) == [MIN_PAUSE_S, 0.5, 1.0, 2.0, 4.0, MAX_PAUSE_S, MAX_PAUSE_S]
    retry.succeeded()
    assert pauses(retry, 1) == [MIN_PAUSE_S]
