"""What is said once everything runs: where it is and what to try."""

import sys
from collections.abc import Mapping
from pathlib import Path

from hallmark_cli.up.elsewhere import telemetry_elsewhere
from hallmark_common.contracts.load import instead_of_broken, scan_contracts
from hallmark_common.model_spec import ModelSpec
from hallmark_common.settings import Settings

NAME_WIDTH = 10


def banner(
    settings: Settings,
    models: dict[str, ModelSpec],
    took_s: float,
    environ: Mapping[str, str],
    parts: Mapping[str, str] | None = None,
) -> list[str]:
    """What a user wants to know, a line each; ``parts`` are places beside those of the services, by name."""
    host = reachable(settings.host)
    http = f"http://{host}:{settings.web_http_port}"
    places = {
        "page": f"{http}/",
        "REST": f"{http}/v1/models/{{model}}:predict",
        "OpenAPI": f"{http}/docs",
        "gRPC": f"{host}:{settings.web_grpc_port} (hallmark.web.v1.PredictionService)",
        "OIP": f"{host}:{settings.inference_port} (inference.GRPCInferenceService)",
        "QoA": f"{host}:{settings.qoa_port} (hallmark.qoa.v1.QoaService)",
        "OTLP": f"{host}:{settings.otlp_grpc_port} (gRPC), {settings.otlp_http_port} (HTTP)",
        **(parts or {}),
        "logs": str((settings.state_dir / "logs").resolve()),
    }
    elsewhere = telemetry_elsewhere(settings, environ)
    if elsewhere:
        places["spans"] = f"{elsewhere}; the engine started here gets none of them, so no records are here"
    contracts = scan_contracts(settings.contracts_dir)
    places["contracts"] = ", ".join(one.name for one in contracts.contracts) or f"none in {settings.contracts_dir}"
    width = max(NAME_WIDTH, *(len(name) + 1 for name in places))
    return [
        f"Hallmark is ready after {took_s:.1f} s: {', '.join(sorted(models))}",
        *(f"  {name:<{width}}{place}" for name, place in places.items()),
        *(f"  {'':<{width}}{error}; {instead_of_broken('')}" for error in contracts.errors),
        f"{'Try:':<{width + 2}}{_suggestion(models)}",
        "Ctrl-C drains and stops.",
    ]


def _suggestion(models: dict[str, ModelSpec]) -> str:
    """One command that works at once where there is a sample to replay, else what to fill in."""
    hallmark = _as_called(sys.argv[0])
    for name in sorted(models):
        if models[name].sample:
            return f"{hallmark} replay {name} --rate 50 --duration 10, and {hallmark} predict {name} FILE"
    return f"{hallmark} predict {min(models)} FILE"


def _as_called(program: str) -> str:
    """How to call this program from the same folder: `make run` calls it by a path that is not on PATH."""
    path = Path(program)
    return program if path.name == "hallmark" and not path.is_absolute() else "hallmark"


def reachable(host: str) -> str:
    """Where to call what listens on a host."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
