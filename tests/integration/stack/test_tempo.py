"""Tempo with our configuration, where there is one."""

import re
import urllib.request
from pathlib import Path

import pytest

from hallmark_cli.stack.parts.tempo import has_tempo, tempo
from tests.support.parts import RunningPart, new_site

NOT_RUN = ("block_builder",)
"""Parts of Tempo that are none of its all-in-one form: their folders are never made."""

pytestmark = pytest.mark.skipif(not has_tempo(), reason="tempo is not on PATH")


def test_all_that_it_keeps_is_in_its_folder(tmp_path: Path) -> None:
    site = new_site(tmp_path)
    with RunningPart(tempo(site), tmp_path):
        url = f"http://127.0.0.1:{site.settings.stack_tempo_port}/status/config"
        with urllib.request.urlopen(url, timeout=10) as answer:
            config = answer.read().decode()
    sections = re.split(r"^(?=\w)", config, flags=re.MULTILINE)
    used = "".join(section for section in sections if not section.startswith(NOT_RUN))
    folders = re.findall(r": (/\S+)$", used, re.MULTILINE)
    assert folders
    assert all(Path(folder).is_relative_to(site.state / "tempo") for folder in folders), folders
