"""All settings of all services, typed, from ``HALLMARK_*`` environment variables.

The standard ``OTEL_*`` variables are read by the OpenTelemetry SDK itself and by :mod:`hallmark_common.telemetry`.
``docs/settings.md`` is generated from this class.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hallmark_common.errors import StartupError

PREFIX = "HALLMARK_"

SHARDS = 16
"""Queues that spans are spread over by trace id."""

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400)]


class SettingsError(StartupError):
    """A setting that cannot be used; the message is one line that names the variable."""


def shards_in(text: str) -> tuple[int, ...]:
    """``0,4,8-11`` as numbers in order; ValueError for anything else."""
    shards: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"expected shards such as 0-15 or 0,4,8-11, not {part.strip()!r}")
        shards.update(range(int(first), min(int(last if dash else first), SHARDS) + 1))
    if not shards or max(shards) >= SHARDS:
        raise ValueError(f"expected shards from 0 to {SHARDS - 1}, such as 0-15 or 0,4,8-11")
    return tuple(sorted(shards))


WINDOWS = {"10s": 10, "1m": 60, "1h": 3600, "1d": 86400}
"""Seconds of each size of window; each is a multiple of the one before."""


def windows_in(text: str) -> tuple[int, ...]:
    """``10s,1m`` as seconds in ascending order; ValueError for anything else."""
    names = {part.strip() for part in text.split(",")}
    if not names <= WINDOWS.keys():
        raise ValueError(f"expected some of {','.join(WINDOWS)}")
    return tuple(sorted(WINDOWS[name] for name in names))


def _checked_windows(text: str) -> str:
    windows_in(text)
    return text


def _checked_shards(text: str) -> str:
    shards_in(text)
    return text


class Settings(BaseSettings):
    """Every setting; the environment variable of ``web_http_port`` is ``HALLMARK_WEB_HTTP_PORT``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address that every port below is opened on.")
    web_http_port: Port = Field(8080, description="web: page and REST.")
    web_grpc_port: Port = Field(50051, description="web: gRPC.")
    preprocess_port: Port = Field(50052, description="preprocess: gRPC.")
    inference_port: Port = Field(50053, description="inference: Open Inference Protocol over gRPC.")
    qoa_port: Port = Field(50054, description="qoa: gRPC.")
    otlp_grpc_port: Port = Field(4317, description="qoa: OTLP over gRPC.")
    otlp_http_port: Port = Field(4318, description="qoa: OTLP over HTTP.")

    stack_rabbitmq_port: Port = Field(5672, description="`make stack`: RabbitMQ, AMQP.")
    stack_rabbitmq_management_port: Port = Field(15672, description="`make stack`: RabbitMQ, management page.")
    stack_rabbitmq_metrics_port: Port = Field(15692, description="`make stack`: RabbitMQ, metrics.")
    stack_rabbitmq_dist_port: Port = Field(25672, description="`make stack`: RabbitMQ, its own tools.")
    stack_rabbitmq_epmd_port: Port = Field(4369, description="`make stack`: RabbitMQ, the port mapper of Erlang.")
    stack_collector_metrics_port: Port = Field(8889, description="`make stack`: collector, metrics that it collected.")
    stack_collector_own_metrics_port: Port = Field(8888, description="`make stack`: collector, metrics of its own.")
    stack_collector_health_port: Port = Field(13133, description="`make stack`: collector, health.")
    stack_opa_port: Port = Field(8181, description="`make stack`: OPA.")
    stack_postgres_port: Port = Field(5432, description="`make stack`: PostgreSQL.")
    stack_prometheus_port: Port = Field(9090, description="`make stack`: Prometheus.")
    stack_alertmanager_port: Port = Field(9093, description="`make stack`: Alertmanager.")
    stack_tempo_port: Port = Field(3200, description="`make stack`: Tempo, HTTP.")
    stack_tempo_grpc_port: Port = Field(9095, description="`make stack`: Tempo, gRPC of its own.")
    stack_tempo_otlp_port: Port = Field(4327, description="`make stack`: Tempo, OTLP over gRPC.")

    web_target: str = Field("", description="Where clients reach web's gRPC; host and web_grpc_port where empty.")
    preprocess_target: str = Field("", description="Where web reaches preprocess; host and port above where empty.")
    inference_target: str = Field("", description="Where preprocess reaches inference; likewise.")
    qoa_target: str = Field("", description="Where web's page and the CLI reach qoa; likewise.")

    models_dir: Path = Field(Path("models"), description="Folder of the models.")
    contracts_dir: Path = Field(Path("contracts"), description="Folder of the contracts.")
    policies_dir: Path = Field(Path("policies"), description="Folder of the policies, in Rego, that judge contracts.")
    state_dir: Path = Field(Path(".hallmark"), description="Folder of logs and of the SQLite store.")

    request_timeout_s: Seconds = Field(10.0, description="Deadline of a request that brings none.")
    max_request_bytes: int = Field(16 * 2**20, ge=2**10, le=2**30, description="Largest request over HTTP or gRPC.")
    max_instances: int = Field(1024, ge=1, le=65536, description="Most instances in one request.")
    max_concurrent_requests: int = Field(
        256, ge=1, description="Requests that a service works on at once; more are RESOURCE_EXHAUSTED."
    )
    inference_threads: int = Field(0, ge=0, le=256, description="Threads of ONNX Runtime; 0 means one a core.")
    drain_timeout_s: Seconds = Field(10.0, description="How long accepted work may still take after SIGTERM.")

    telemetry: bool = Field(True, description="Whether spans and metrics are made and sent.")
    span_queue_size: int = Field(
        20_000, ge=1, description="Spans that wait to be sent at most; more are dropped and counted."
    )
    span_export_interval_s: Seconds = Field(0.2, description="How often waiting spans are sent.")
    metric_export_interval_s: Seconds = Field(10.0, description="How often metrics are sent.")

    qoa_sources: Literal["otlp", "amqp", "otlp,amqp"] = Field(
        "otlp", description="Where the engine's spans come from: otlp, amqp, or otlp,amqp for both."
    )
    amqp_url: str = Field(
        "amqp://qoa@127.0.0.1:5672/hallmark",
        description="RabbitMQ as user qoa; amqps:// for TLS. Last part: the vhost.",
    )
    amqp_password_file: Path | None = Field(None, description="File with the password of that user.")
    amqp_ca_file: Path | None = Field(
        None, description="Certificates that RabbitMQ's must descend from; else the system's."
    )
    amqp_cert_file: Path | None = Field(None, description="Our certificate, where RabbitMQ asks for one.")
    amqp_key_file: Path | None = Field(None, description="The key of that certificate.")
    qoa_shards: Annotated[str, AfterValidator(_checked_shards)] = Field(
        "0-15", description="Shards that this engine reads over AMQP, such as 0-15 or 0,4,8-11."
    )
    qoa_prefetch: int = Field(
        64, ge=1, le=65535, description="Messages of a shard that are not yet acknowledged, at most."
    )
    qoa_store_url: str = Field(
        "", description="postgresql://user@host:port/database; a SQLite file in the state folder where empty."
    )
    qoa_store_password_file: Path | None = Field(None, description="File with the password of that user.")
    qoa_engine_name: str = Field(
        "qoa", min_length=1, max_length=64, description="Name of this engine among those that share a database."
    )
    qoa_retention_bytes: int = Field(
        0, ge=0, description="The oldest records are removed where the store is larger; 0 means no bound."
    )

    qoa_idle_timeout_s: Seconds = Field(
        5.0, description="An incomplete record is stored after so long without a new span."
    )
    qoa_max_pending_spans: int = Field(
        200_000,
        ge=100,
        description="Spans of incomplete records in memory; above, the oldest records are stored as they are.",
    )
    qoa_retention_s: Seconds = Field(7 * 86400.0, description="Records older than this are removed.")
    qoa_watch_queue_size: int = Field(
        1000, ge=1, description="Records that wait for a slow watcher; more are skipped and counted to it."
    )

    qoa_windows: Annotated[str, AfterValidator(_checked_windows)] = Field(
        "10s,1m,1h,1d", description="Windows that are kept, of 10s, 1m, 1h and 1d."
    )
    qoa_windows_kept: int = Field(
        10_000, ge=100, description="A window goes after so many times its size: one of 10s after 28 hours."
    )
    qoa_lateness_s: Seconds = Field(
        10.0, description="A window is judged when an event so much later than its end has been seen."
    )
    qoa_quiet_s: Seconds = Field(
        20.0, description="A window that is over is judged too when nothing has come for it for so long."
    )
    qoa_horizon_s: Seconds = Field(
        6 * 86400.0, description="A window is corrected by spans and truth of predictions that are no older."
    )
    qoa_truth_wait_s: Seconds = Field(
        86400.0, description="The truth of a prediction that is not known waits for it so long."
    )
    qoa_opa_url: str = Field("", description="http://host:port of an OPA server; policies are judged here where empty.")
    qoa_webhook_url: str = Field("", description="URL that changes of verdicts are posted to; nowhere if empty.")
    qoa_cpu_hour_price: float = Field(
        0.04, ge=0, allow_inf_nan=False, description="What an hour of one core costs, in your currency."
    )

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )

    def target(self, service: str) -> str:
        """Address, ``host:port``, at which ``web``, ``preprocess``, ``inference`` or ``qoa`` is called over gRPC."""
        ports = {
            "web": self.web_grpc_port,
            "preprocess": self.preprocess_port,
            "inference": self.inference_port,
            "qoa": self.qoa_port,
        }
        return str(getattr(self, f"{service}_target")) or f"{self.host}:{ports[service]}"


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; :class:`SettingsError` for a variable that is unknown or has a wrong value."""
    known = {variable(field): field for field in Settings.model_fields}
    given = {
        name: value for name, value in (os.environ if environ is None else environ).items() if name.startswith(PREFIX)
    }
    for name in sorted(given.keys() - known.keys()):
        close = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, n=1)
        hint = f"did you mean {variable(close[0])}?" if close else "see docs/settings.md for what there is"
        raise SettingsError(f"{name}: no such setting; {hint}")
    try:
        # Given as arguments, so that only this mapping counts and an error can name its variable.
        return Settings(**{known[name]: value for name, value in given.items()})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = variable(str(first["loc"][0]))
        raise SettingsError(
            f"{name}={given[name]!r}: {first['msg'][0].lower()}{first['msg'][1:]}; see docs/settings.md"
        ) from None
