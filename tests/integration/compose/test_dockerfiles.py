"""The Dockerfiles: what Docker's linter says, and what it does not look at."""

import re
from typing import Any

import pytest

from tests.support.command import ROOT

DOCKERFILES = ("Dockerfile", "otel-collector/Dockerfile")


@pytest.fixture(params=DOCKERFILES)
def path(request: pytest.FixtureRequest) -> str:
    """Each Dockerfile of the project."""
    return str(request.param)


def _lines(stage: Any, name: str) -> list[str]:
    return [found["line"] for found in stage["instructions"] if found["name"] == name]


def test_the_linter_has_nothing_to_say(read: Any, path: str) -> None:
    assert read("dockerfile", path)["warnings"] == []


def test_what_runs_is_not_root_and_says_how_it_is(read: Any, path: str) -> None:
    last = read("dockerfile", path)["stages"][-1]
    assert _lines(last, "USER") == ["USER 10001:10001"]
    assert len(_lines(last, "HEALTHCHECK")) == 1
    names = [found["name"] for found in last["instructions"]]
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :]), "nothing may be its own to change"


def test_what_runs_takes_the_signal_that_asks_it_to_end(read: Any, path: str) -> None:
    (start,) = _lines(read("dockerfile", path)["stages"][-1], "CMD")
    assert start.startswith("CMD [")
    assert "sh" not in start or '"exec ' in start


def test_bases_are_of_one_version(read: Any, path: str) -> None:
    for stage in read("dockerfile", path)["stages"]:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?", stage["base"]), stage["base"]


def test_an_image_has_the_versions_that_everyone_has(read: Any) -> None:
    (uv,) = re.findall(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    (go,) = re.findall(r"^go (\d+\.\d+)", (ROOT / "otel-collector/distribution/go.mod").read_text(), re.MULTILINE)
    assert f"uv=={uv}" in (ROOT / "Dockerfile").read_text()
    assert read("dockerfile", "otel-collector/Dockerfile")["stages"][0]["base"].startswith(f"golang:{go}-")


@pytest.mark.parametrize("path", [".dockerignore", "otel-collector/.dockerignore"])
def test_a_build_is_given_what_it_names_and_nothing_else(path: str) -> None:
    rules = [line for line in (ROOT / path).read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    dockerfile = (ROOT / path).with_name("Dockerfile").read_text()
    for rule in rules:
        if rule.startswith("!"):
            assert re.search(rf"^COPY .*\b{re.escape(rule[1:])}\b", dockerfile, re.MULTILINE), rule
