"""One engine a state folder."""

from pathlib import Path

import pytest

from hallmark_qoa.lock import only_engine_of
from hallmark_qoa.stores.base import StoreError


def test_a_second_engine_is_told_so(tmp_path: Path) -> None:
    with only_engine_of(tmp_path):
        with pytest.raises(StoreError, match="HALLMARK_STATE_DIR: another engine works in"), only_engine_of(tmp_path):
            pass
        with only_engine_of(tmp_path / "other"):
            pass


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with only_engine_of(tmp_path):
            pass


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="HALLMARK_STATE_DIR: cannot write"), only_engine_of(tmp_path / "file"):
        pass
