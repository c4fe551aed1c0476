"""Keys of figures, and what a definition of a metric must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_common.catalogue import CATALOGUE, by_dimension, figure_key, parse_key, resolve, split_spread

NAMES = st.from_regex(r"[a-z_]+[0-9]?", fullmatch=True)


@given(NAMES, st.text(max_size=20), st.one_of(st.just(""), NAMES))
def test_keys_are_read_as_they_are_written(metric: str, of: str, aggregate: str) -> None:
    assert parse_key(figure_key(metric, of, aggregate)) == (metric, of, aggregate)


@pytest.mark.parametrize("key", ["", "[a]", ".p95", "psi[", "psi[]", "psi[a", "psi[a]p95", "psi[a].", "accuracy."])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no key of a figure"):
        parse_key(key)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("acuracy", "there is no metric 'acuracy'"),
        ("availability[web]", "is of nothing in particular"),
        ("psi", r"write psi\[column\]"),
        ("response_time", "expected one of p50, p90"),
        ("response_time.p42", "the aggregate is 'p42'"),
        ("accuracy.p50", "expected none"),
    ],
)
def test_figures_that_there_are_not_are_refused(key: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        resolve(key)


@pytest.mark.parametrize(
    "key", ["accuracy", "psi[@prediction]", "response_time.p95", "response_time[web].mean", "f1[a]b.c]"]
)
def test_figures_that_there_are_resolve(key: str) -> None:
    metric, of, aggregate = resolve(key)
    assert figure_key(metric.name, of, aggregate) == key


def test_spread_names_a_figure_and_a_dimension() -> None:
    _, of, aggregate = resolve("spread[response_time.p95 by carrier].ratio")
    assert (*split_spread(of), aggregate) == ("response_time.p95", "carrier", "ratio")
    assert split_spread("recall[stand by me] by size") == ("recall[stand by me]", "size")
    with pytest.raises(ValueError, match="such as spread"):
        split_spread("accuracy")


def test_metrics_are_defined_completely() -> None:
    for name, metric in CATALOGUE.items():
        assert metric.name == name
        assert metric.description.endswith("."), name
        assert metric.formula, name
        assert metric.least >= 1, name
        assert not (metric.of_optional and not metric.of), name
    assert sum(map(len, by_dimension().values())) == len(CATALOGUE)
