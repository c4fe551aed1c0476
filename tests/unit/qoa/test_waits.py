"""Who waits is done when the last of its predictions has its record."""

from hallmark_qoa.waits import Waits


def test_key_waits_for_all_of_its_predictions() -> None:
    waits: Waits[int] = Waits()
    waits.keep(1, {"a", "b"})
    waits.keep(2, {"b"})
    assert waits.meet(waits.take(["a"])) == []
    assert sorted(waits.meet(waits.take(["b"]))) == [1, 2]
    assert len(waits) == 0


def test_who_waits_later_is_not_done_by_what_was_handed_on_before() -> None:
    waits: Waits[int] = Waits()
    waits.keep(1, {"a"})
    claims = waits.take(["a"])
    waits.keep(2, {"a"})
    assert waits.done_by(claims) == [1]
    assert waits.meet(claims) == [1]
    assert waits.meet(waits.take(["a", "a", "unknown"])) == [2]


def test_key_that_waits_again_for_a_prediction_waits_for_both() -> None:
    waits: Waits[int] = Waits()
    waits.keep(1, {"a"})
    first = waits.take(["a"])
    waits.keep(1, {"a"})
    waits.keep(1, {"a"})
    assert waits.meet(first) == []
    assert waits.meet(waits.take(["a"])) == [1]


def test_claims_that_are_given_back_are_taken_again() -> None:
    waits: Waits[int] = Waits()
    waits.keep(1, {"a", "b"})
    claims = waits.take(["a", "b"])
    waits.keep(1, {"a"})
    waits.keep(2, {"a"})
    waits.give_back(claims)
    assert sorted(waits.meet(waits.take(["a", "b"]))) == [1, 2]
    assert len(waits) == 0


def test_key_that_is_forgotten_leaves_nothing_behind() -> None:
    waits: Waits[int] = Waits()
    waits.keep(1, {"a", "b"})
    waits.keep(2, {"b"})
    claims = waits.take(["a"])
    waits.forget(1, {"a", "b"})
    waits.give_back(claims)
    assert waits.take(["a"]) == []
    assert waits.meet(claims) == []
    assert waits.waiting() == [2]
