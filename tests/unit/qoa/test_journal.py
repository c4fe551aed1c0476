"""A journal entry goes when the last of its predictions has its record."""

from hallmark_qoa.journal import Journal


def test_entry_waits_for_all_of_its_predictions() -> None:
    journal = Journal()
    first, second = journal.new_entry({"a", "b"}), journal.new_entry({"b"})
    assert journal.settle(["a"]) == []
    assert sorted(journal.settle(["b"])) == [first, second]
    assert len(journal) == 0


def test_prediction_that_waits_again_keeps_its_new_entry() -> None:
    journal = Journal()
    first = journal.new_entry({"a"})
    assert journal.settle(["a"]) == [first]
    second = journal.new_entry({"a"})
    assert len(journal) == 1
    assert journal.settle(["a", "a", "unknown"]) == [second]


def test_ids_go_on_after_those_of_a_crash() -> None:
    journal = Journal()
    journal.keep(41, {"a"})
    assert journal.new_entry({"b"}) == 42
