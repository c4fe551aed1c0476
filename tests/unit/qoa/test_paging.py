"""Page tokens hold a place, and nothing else passes for one."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hallmark_common.errors import HallmarkError
from hallmark_qoa.paging import make_token, page_size, read_token
from hallmark_qoa.stores.base import Cursor, Filter

PLACE = Cursor(123, f"{1:032x}-{1:016x}")


def test_token_holds_the_place() -> None:
    assert read_token(make_token(PLACE, Filter(model="m")), Filter(model="m")) == PLACE
    assert make_token(None, Filter()) == ""
    assert read_token("", Filter()) is None


def test_token_of_another_filter_is_refused() -> None:
    with pytest.raises(HallmarkError, match=r"page_token: expected .*, got one of another filter"):
        read_token(make_token(PLACE, Filter()), Filter(model="m"))


@given(st.one_of(st.text(min_size=1), st.binary(min_size=1).map(lambda b: base64.urlsafe_b64encode(b).decode())))
@example(base64.urlsafe_b64encode(b"[" * 50_000).decode())
@example(base64.urlsafe_b64encode(b'[true,"x",1]').decode())
@example(base64.urlsafe_b64encode(b'[9223372036854775808,"' + PLACE.prediction.encode() + b'",1]').decode())
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(HallmarkError) as caught:
        read_token(token, Filter())
    assert caught.value.metadata["field"] == "page_token"


def test_page_size() -> None:
    assert (page_size(0), page_size(1), page_size(1000)) == (50, 1, 1000)
    with pytest.raises(HallmarkError, match="page_size"):
        page_size(1001)
