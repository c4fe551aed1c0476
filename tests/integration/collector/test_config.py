"""otel-collector/config.yaml: what no pipeline may do without, and what none may have."""

from typing import Any

import pytest
import yaml

from tests.support.command import ROOT

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "otel-collector/config.yaml").read_text())
PIPELINES: dict[str, dict[str, list[str]]] = CONFIG["service"]["pipelines"]

pipeline = pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=PIPELINES)


@pipeline
def test_memory_is_limited_before_anything_else(pipeline: dict[str, list[str]]) -> None:
    assert pipeline["processors"][0] == "memory_limiter"


@pipeline
def test_nothing_is_acknowledged_that_is_only_in_memory(pipeline: dict[str, list[str]]) -> None:
    """As the batch processor does; of tail sampling only Tempo is fed."""
    assert not any(name.startswith("batch") for name in pipeline["processors"])
    assert pipeline["exporters"] == ["otlp_grpc/tempo"] or "tail_sampling" not in pipeline["processors"]


@pytest.mark.parametrize("name", ["rabbitmq", "otlp_grpc/tempo"])
def test_what_is_sent_on_waits_on_disk(name: str) -> None:
    queue = CONFIG["exporters"][name]["sending_queue"]
    assert queue["storage"] in CONFIG["service"]["extensions"]
    assert queue["sizer"] == "bytes"


def test_every_component_is_used() -> None:
    pipelines = PIPELINES.values()
    used = {
        name for pipeline in pipelines for kind in ("receivers", "processors", "exporters") for name in pipeline[kind]
    }
    kinds = ("receivers", "processors", "connectors", "exporters")
    assert {name for kind in kinds for name in CONFIG[kind]} == used
    assert set(CONFIG["extensions"]) == set(CONFIG["service"]["extensions"])


def test_a_connector_ends_one_pipeline_and_begins_another() -> None:
    for name in CONFIG["connectors"]:
        assert name in PIPELINES["traces"]["exporters"]
        assert name in PIPELINES["metrics/derived"]["receivers"]
