"""The collector: our distribution with otel-collector/config.yaml."""

from hallmark_cli.errors import CliError
from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.secrets import Secrets

BINARY = ".hallmark/bin/hallmark-collector"

WITHOUT_TEMPO = "yaml:service::pipelines::traces/tempo::exporters: [nop]"
"""What the configuration is overlaid with where nobody would take the sampled traces."""


def collector(site: Site, *, tempo: bool) -> Part:
    """The collector; the sending queues are in its folder."""
    binary = site.project / BINARY
    if not binary.exists():
        raise CliError(f"{binary} is not there; build it: make collector")
    settings = site.settings
    command = [str(binary), "--config", str(site.project / "otel-collector" / "config.yaml")]
    if not tempo:
        command += ["--config", "yaml:exporters::nop: ", "--config", WITHOUT_TEMPO]
    return Part(
        name="collector",
        command=tuple(command),
        ready=Probe(settings.stack_collector_health_port, "/"),
        environ={
            "COLLECTOR_HOST": settings.host,
            "COLLECTOR_OTLP_GRPC_PORT": str(settings.otlp_grpc_port),
            "COLLECTOR_OTLP_HTTP_PORT": str(settings.otlp_http_port),
            "COLLECTOR_METRICS_PORT": str(settings.stack_collector_metrics_port),
            "COLLECTOR_OWN_METRICS_PORT": str(settings.stack_collector_own_metrics_port),
            "COLLECTOR_HEALTH_PORT": str(settings.stack_collector_health_port),
            "COLLECTOR_STORAGE": str(site.folder("collector")),
            "AMQP_ENDPOINT": f"amqp://127.0.0.1:{settings.stack_rabbitmq_port}/hallmark",
            "AMQP_PASSWORD_FILE": str(Secrets(site.state / "secrets").file("rabbitmq-collector")),
            "TEMPO_ENDPOINT": f"127.0.0.1:{settings.stack_tempo_otlp_port}",
        },
    )
