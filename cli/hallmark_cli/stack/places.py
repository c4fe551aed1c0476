"""Where the parts of a stack are found, for the lines that are said once it runs."""

from collections.abc import Sequence

from hallmark_cli.stack.part import Part, Site
from hallmark_cli.stack.parts.postgres import DATABASE
from hallmark_cli.stack.secrets import POSTGRES_USER, Secrets

NO_TEMPO = "not started: there is no `tempo` on PATH, so traces are not kept beside their records"


def places_of(site: Site, parts: Sequence[Part]) -> dict[str, str]:
    """A place by name; of a password only the file that it is in."""
    settings = site.settings
    secrets = Secrets(site.state / "secrets")
    with_tempo = any(part.name == "tempo" for part in parts)
    return {
        "Prometheus": _http(settings.stack_prometheus_port),
        "Alerts": _http(settings.stack_alertmanager_port),
        "OPA": _http(settings.stack_opa_port),
        "RabbitMQ": f"{_http(settings.stack_rabbitmq_management_port)} (operator, password in "
        f"{secrets.file('rabbitmq-operator')})",
        "PostgreSQL": f"postgresql://{POSTGRES_USER}@127.0.0.1:{settings.stack_postgres_port}/{DATABASE} (password in "
        f"{secrets.file('postgres-hallmark')})",
        "Tempo": _http(settings.stack_tempo_port) if with_tempo else NO_TEMPO,
    }


def _http(port: int) -> str:
    return f"http://127.0.0.1:{port}/"
