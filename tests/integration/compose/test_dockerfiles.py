"""The Dockerfiles: what Docker's linter says, and what it does not look at."""

import re
from typing import Any

import pytest

from tests.support.command import ROOT

DOCKERFILES = ("Dockerfile", "otel-collector/Dockerfile")
SERVICES = ("web", "preprocess", "inference", "qoa")
IMAGES = [*(("Dockerfile", service) for service in SERVICES), ("otel-collector/Dockerfile", "collector")]


@pytest.fixture(params=DOCKERFILES)
def path(request: pytest.FixtureRequest) -> str:
    """Each Dockerfile of the project."""
    return str(request.param)


def _lines(instructions: list[dict[str, str]], name: str) -> list[str]:
    return [found["line"] for found in instructions if found["name"] == name]


def test_the_linter_has_nothing_to_say(read: Any, path: str) -> None:
    assert read("dockerfile", path)["warnings"] == []


@pytest.mark.parametrize(("path", "target"), IMAGES)
def test_what_runs_is_not_root_and_says_how_it_is(image: Any, path: str, target: str) -> None:
    instructions = image(path, target)
    assert _lines(instructions, "USER") == ["USER 10001:10001"]
    assert len(_lines(instructions, "HEALTHCHECK")) == 1
    names = [found["name"] for found in instructions]
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :]), "nothing may be its own to change"


@pytest.mark.parametrize(("path", "target"), IMAGES)
def test_what_runs_takes_the_signal_that_asks_it_to_end(image: Any, path: str, target: str) -> None:
    (start,) = _lines(image(path, target), "CMD")
    assert start.startswith("CMD [")
    assert "sh" not in start


@pytest.mark.parametrize("service", SERVICES)
def test_the_image_of_a_service_is_its_own(image: Any, service: str) -> None:
    instructions = image("Dockerfile", service)
    assert _lines(instructions, "CMD") == [f'CMD ["python", "-m", "hallmark_{service}"]']
    assert _lines(instructions, "COPY") == [
        f"COPY --from=needed-by-{service} /opt/hallmark /opt/hallmark",
        "COPY --from=ours /opt/hallmark/lib /opt/hallmark/lib",
    ]
    (health,) = _lines(instructions, "HEALTHCHECK")
    assert health.endswith(f'CMD ["python", "-m", "hallmark_cli.up.probe", "{service}"]')


def test_bases_are_of_one_version(read: Any, path: str) -> None:
    stages = read("dockerfile", path)["stages"]
    for base in {stage["base"] for stage in stages} - {stage["name"] for stage in stages}:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?", base), base


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
