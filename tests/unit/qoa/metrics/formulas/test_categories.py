"""Counts of categories are put beside the shares that the reference has of them."""

from hallmark_qoa.metrics.formulas.categories import align


def test_unknown_categories_are_counted_together() -> None:
    assert align({"b": 0.75, "a": 0.25}, {"a": 1, "z": 2, "y": 3}) == ([0.25, 0.75, 0.0], [1, 0, 5])


def test_a_category_named_other_is_the_other() -> None:
    assert align({"a": 0.5, "other": 0.5}, {"a": 1, "other": 2, "z": 3}) == ([0.5, 0.5], [1, 5])
    assert align({"a": 1.0}, {"other": 2}) == ([1.0, 0.0], [0, 2])


def test_rare_categories_are_counted_as_one() -> None:
    reference = {"a": 0.9, "b": 0.0625, "c": 0.03125, "d": 0.00625}
    shares, counts = align(reference, {"a": 5, "b": 1, "c": 1, "d": 1, "e": 1}, least_share=0.05)
    assert (shares, counts) == ([0.9, 0.0625, 0.0375, 0.0], [5, 1, 2, 1])


def test_nothing() -> None:
    assert align({}, {}) == ([0.0], [0])
