"""One process of a kind a state folder."""

from pathlib import Path

import pytest

from hallmark_common.errors import StartupError
from hallmark_common.lock import only_one


def test_a_second_one_is_told_so(tmp_path: Path) -> None:
    with only_one("engine", tmp_path):
        with (
            pytest.raises(StartupError, match=r"^HALLMARK_STATE_DIR: another engine works in "),
            only_one("engine", tmp_path),
        ):
            pass
        with only_one("engine", tmp_path / "other"), only_one("stack", tmp_path):
            pass


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one("engine", tmp_path):
            pass


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StartupError, match=r"^HALLMARK_STATE_DIR: cannot write .*/file/stack: Not a directory; set "),
        only_one("stack", tmp_path / "file/stack"),
    ):
        pass
