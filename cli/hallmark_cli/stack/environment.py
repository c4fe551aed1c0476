"""What the services of a stack are told: their source, their store, their judge, their collector."""

from collections.abc import Mapping

from hallmark_cli.errors import CliError
from hallmark_cli.stack.part import Site
from hallmark_cli.stack.parts.postgres import DATABASE
from hallmark_cli.stack.secrets import POSTGRES_USER, Secrets
from hallmark_cli.up.banner import reachable
from hallmark_cli.up.elsewhere import ENDPOINTS
from hallmark_common.settings import PREFIX, Settings, variable

GENERAL_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def services_environ(site: Site, environ: Mapping[str, str]) -> dict[str, str]:
    """All variables of the services; :class:`CliError` for a setting that somebody else has made for them."""
    own = _own_settings(site)
    for field in own:
        if field in site.settings.model_fields_set:
            raise CliError(f"{variable(field)}: a stack sets this itself; unset it, or use `hallmark up`")
    # The state folder is the one setting that has another value for the services than for the stack.
    given = {**environ, variable("state_dir"): str(site.state)}
    if not any(environ.get(name) for name in ENDPOINTS):
        given[GENERAL_ENDPOINT] = f"http://{reachable(site.settings.host)}:{site.settings.otlp_grpc_port}"
    return given | {variable(field): value for field, value in own.items()}


def parts_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the parts: without those that would make one of them send telemetry of its own to ours."""
    return {name: value for name, value in environ.items() if not name.startswith(("OTEL_", PREFIX))}


def settings_of_services(site: Site) -> Settings:
    """The settings by which the services of a stack are reached and described."""
    return site.settings.model_copy(update={"state_dir": site.state})


def _own_settings(site: Site) -> dict[str, str]:
    secrets = Secrets(site.state / "secrets")
    settings = site.settings
    return {
        "qoa_sources": "amqp",
        "amqp_url": f"amqp://qoa@127.0.0.1:{settings.stack_rabbitmq_port}/hallmark",
        "amqp_password_file": str(secrets.file("rabbitmq-qoa")),
        "qoa_store_url": f"postgresql://{POSTGRES_USER}@127.0.0.1:{settings.stack_postgres_port}/{DATABASE}",
        "qoa_store_password_file": str(secrets.file("postgres-hallmark")),
        "qoa_opa_url": f"http://127.0.0.1:{settings.stack_opa_port}",
    }
