"""What really happened, told to running services by command and over REST, is in the record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.graphs import write_scale
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The services over one small model."""
    models_dir = tmp_path_factory.mktemp("models")
    write_scale(models_dir)
    with running_stack(tmp_path_factory.mktemp("live"), models_dir=str(models_dir)) as running:
        yield running


def run(live: Stack, *arguments: str, stdin: str = "") -> Any:
    done = live.run(*arguments, "--json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def recorded(live: Stack) -> dict[str, Any]:
    """A record without a truth."""
    answer = run(live, "predict", "scale", "-", stdin='{"a": 21}')
    record: dict[str, Any] = run(live, "record", answer["prediction_id"])
    assert record["truth"] is None
    return record


def test_told_by_command(live: Stack, recorded: dict[str, Any]) -> None:
    name = recorded["prediction_id"]
    told = run(live, "feedback", name, "-3", "--observed-at", "2026-09-21T10:00:00Z")

    assert told == {"prediction_id": name, "outcome": "joined", "reason": None}
    assert run(live, "record", name)["truth"] == {"value": "-3", "observed_at": "2026-09-21T10:00:00Z"}


def test_told_by_file(live: Stack, recorded: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "truths.csv"
    file.write_text(f"prediction_id,value\n{recorded['trace_id']},42\n{'a' * 32}-{'b' * 16},1\n")

    assert run(live, "feedback", "--file", str(file))["outcomes"] == {"joined": 1, "waiting": 1}
    assert run(live, "record", recorded["prediction_id"])["truth"]["value"] == "42"


def test_told_over_rest(live: Stack, recorded: dict[str, Any]) -> None:
    truth = {"prediction_id": recorded["prediction_id"], "value": 42.5}
    with httpx.Client(base_url=live.web_url) as client:
        answer = client.post("/v1/feedback", json={"truths": [truth, truth | {"prediction_id": "x"}]})
        seen = client.get(f"/v1/records/{recorded['prediction_id']}").json()
        refused = client.post("/v1/feedback", json=truth | {"prediction_id": "x"})

    assert [one["outcome"] for one in answer.json()["outcomes"]] == ["joined", "refused"]
    assert seen["truth"]["value"] == "42.5"
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "prediction_id")
