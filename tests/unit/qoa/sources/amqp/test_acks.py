"""Every completed delivery is acknowledged once, and none that is not completed."""

from hypothesis import given
from hypothesis import strategies as st

from hallmark_qoa.sources.amqp.acks import Ack, AckWindow


def window_of(tags: range) -> AckWindow:
    window = AckWindow()
    for tag in tags:
        window.received(tag)
    return window


def test_run_is_one_acknowledgement() -> None:
    window = window_of(range(1, 101))
    for tag in range(60, 0, -1):
        window.completed(tag)
    assert window.take() == [Ack(60, multiple=True, count=60)]
    assert window.take() == []


def test_what_is_behind_an_open_one_is_acknowledged_one_by_one() -> None:
    window = window_of(range(1, 7))
    for tag in (1, 2, 6, 4):
        window.completed(tag)
    assert window.take() == [Ack(2, multiple=True, count=2), Ack(4, multiple=False), Ack(6, multiple=False)]
    window.completed(3)
    assert window.take() == [Ack(3, multiple=False)]
    window.completed(5)
    assert window.take() == [Ack(5, multiple=False)]


def test_one_alone_means_only_itself() -> None:
    """A delivery before it may have been given back by pika, which we do not see: ``multiple`` must mean ours only."""
    window = window_of(range(5, 6))
    window.completed(5)
    assert window.take() == [Ack(5, multiple=False)]


@given(st.integers(1, 40), st.data())
def test_same_as_acknowledging_each_for_itself(count: int, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(1, count + 1)))
    rounds = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=20))
    completed_last = data.draw(st.integers(0, count))
    window = window_of(range(1, count + 1))
    outstanding = set(range(1, count + 1))
    done: set[int] = set()
    todo = list(order[:completed_last])
    for size in [*rounds, count]:
        for tag in todo[:size]:
            window.completed(tag)
            done.add(tag)
        todo = todo[size:]
        for ack in window.take():
            meant = {tag for tag in outstanding if tag <= ack.tag} if ack.multiple else {ack.tag}
            assert meant <= done  # nothing that is not completed
            assert meant <= outstanding  # nothing twice
            assert len(meant) == ack.count
            outstanding -= meant
        assert outstanding.isdisjoint(done)  # nothing is left waiting
