"""Routing keys have three words whatever names come from outside, and differ where names do."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark_qoa.events.routing import MAX_WORD, routing_key, word
from tests.support.changes import change

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("acme", "acme"),
        ("Team_A-1", "Team_A-1"),
        ("acme.example", "acme%2Eexample"),
        ("*", "%2A"),
        ("#", "%23"),
        ("a b/c", "a%20b%2Fc"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("100%", "100%25"),
        ("~", "%7E"),
        ("", ""),
        ("a" * 120, "a" * 120),
        ("a" * 121, "a" * 103 + "~" + hashlib.sha256(b"a" * 121).hexdigest()[:16]),
    ],
)
def test_a_name_is_one_word(name: str, escaped: str) -> None:
    assert word(name) == escaped


def test_the_words_are_severity_consumer_and_model() -> None:
    assert routing_key(change(1, consumer="a.b", model="m").verdict) == "critical.a%2Eb.m"


@given(NAMES, NAMES)
def test_any_names_give_three_words_that_fit_a_key(consumer: str, model: str) -> None:
    key = routing_key(change(1, consumer=consumer, model=model).verdict)

    assert len(key.split(".")) == 3
    assert len(key.encode()) <= 255
    assert key.isascii()
    assert not {"*", "#"} & set(key)


@given(NAMES, NAMES)
def test_other_names_are_other_words(one: str, other: str) -> None:
    assert (word(one) == word(other)) == (one == other)
    assert len(word(one)) <= MAX_WORD
