"""The order in which a stack starts and stops, and what its services are told."""

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from hallmark_cli.errors import CliError
from hallmark_cli.stack import ports
from hallmark_cli.stack.command import project_folder
from hallmark_cli.stack.environment import parts_environ, services_environ, settings_of_services
from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.places import NO_TEMPO, places_of
from hallmark_cli.stack.plan import STARTS_AFTER, STOPS_AFTER, programs_of
from hallmark_cli.stack.ports import ports_of_stack
from hallmark_cli.up.program import SERVICES, Program
from hallmark_common.settings import Settings, load_settings
from tests.support.command import ROOT

PARTS = ("epmd", "rabbitmq", "postgres", "opa", "prometheus", "alertmanager", "tempo", "collector")
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def _programs(*names: str) -> dict[str, Program]:
    parts = [Part(name, (name,), Probe(1)) for name in names]
    logs = {name: Path(f"{name}.log") for name in (*names, *SERVICES)}
    return {program.name: program for program in programs_of(parts, Settings(), logs, {})}


def _site(folder: Path, **settings: Any) -> Site:
    return Site(ROOT, folder / "stack", Settings(state_dir=folder, **settings))


def test_who_still_sends_to_a_part_ends_before_it() -> None:
    programs = _programs(*PARTS)
    order = list(TopologicalSorter({name: programs[name].stops_after for name in programs}).static_order())
    for earlier, later in (
        ("web", "preprocess"),
        ("preprocess", "inference"),
        ("inference", "collector"),
        ("collector", "qoa"),
        ("collector", "tempo"),
        ("qoa", "rabbitmq"),
        ("qoa", "postgres"),
        ("qoa", "opa"),
        ("rabbitmq", "epmd"),
        ("prometheus", "alertmanager"),
    ):
        assert order.index(earlier) < order.index(later)


def test_a_part_starts_after_what_it_needs() -> None:
    programs = _programs(*PARTS)
    order = list(TopologicalSorter({name: programs[name].starts_after for name in programs}).static_order())
    assert order.index("epmd") < order.index("rabbitmq") < order.index("collector") < order.index("qoa")
    assert max(order.index("postgres"), order.index("opa")) < order.index("qoa")
    assert all(order.index("collector") < order.index(service) for service in SERVICES)


def test_every_name_in_the_orders_is_one_of_a_program() -> None:
    for table in (STARTS_AFTER, STOPS_AFTER):
        assert {*table, *(name for names in table.values() for name in names)} <= {*PARTS, *SERVICES}


def test_nothing_waits_for_a_part_that_is_not_there() -> None:
    programs = _programs("rabbitmq", "collector")
    waited_for = {name for p in programs.values() for name in (*p.starts_after, *p.stops_after)}
    assert waited_for <= set(programs)


def test_services_read_from_the_broker_and_write_to_the_database_of_their_stack(tmp_path: Path) -> None:
    site = _site(tmp_path, stack_rabbitmq_port=1111, stack_postgres_port=2222, otlp_grpc_port=3333, stack_opa_port=4444)
    told = services_environ(site, {"PATH": "/bin"})
    settings = load_settings(told)
    assert (settings.qoa_sources, settings.amqp_url) == ("amqp", "amqp://qoa@127.0.0.1:1111/hallmark")
    assert settings.qoa_store_url == "postgresql://hallmark@127.0.0.1:2222/hallmark"
    assert settings.qoa_opa_url == "http://127.0.0.1:4444"
    assert settings.amqp_password_file is not None
    assert settings.qoa_store_password_file is not None
    assert settings.amqp_password_file.read_text() != settings.qoa_store_password_file.read_text()
    assert settings.state_dir == site.state == settings_of_services(site).state_dir
    assert (told[ENDPOINT], told["PATH"]) == ("http://127.0.0.1:3333", "/bin")


def test_no_password_is_in_what_services_are_told(tmp_path: Path) -> None:
    told = services_environ(_site(tmp_path), {})
    passwords = [file.read_text() for file in (tmp_path / "stack/secrets").iterdir()]
    assert len(passwords) == 2
    assert not [value for value in told.values() for password in passwords if password in value]


def test_a_setting_that_a_stack_makes_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r"^HALLMARK_QOA_STORE_URL: a stack sets this itself; unset it, or use "):
        services_environ(_site(tmp_path, qoa_store_url="postgresql://other/records"), {})


@pytest.mark.parametrize("name", [ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_telemetry_that_goes_elsewhere_still_does(tmp_path: Path, name: str) -> None:
    given = {name: "http://other:4317"}
    assert {key: value for key, value in services_environ(_site(tmp_path), given).items() if "OTEL" in key} == given


def test_parts_hear_nothing_of_where_telemetry_goes() -> None:
    # Tempo, for one, would send its own spans to the collector, and they would come back to it.
    assert parts_environ({ENDPOINT: "http://x", "HALLMARK_HOST": "y", "PATH": "z"}) == {"PATH": "z"}


@pytest.mark.parametrize("with_tempo", [True, False])
def test_ports_of_all_parts_that_start_are_checked(monkeypatch: pytest.MonkeyPatch, with_tempo: bool) -> None:
    monkeypatch.setattr(ports, "has_tempo", lambda: with_tempo)
    settings = [field for field in Settings.model_fields if field.endswith("_port")]
    wanted = {f"HALLMARK_{field.upper()}" for field in settings if with_tempo or "tempo" not in field}
    assert {port.variable for port in ports_of_stack(Settings())} == wanted


def test_places_name_the_files_of_passwords_and_what_is_missing(tmp_path: Path) -> None:
    site = _site(tmp_path)
    places = places_of(site, [])
    assert places["Tempo"] == NO_TEMPO
    assert places_of(site, [Part("tempo", (), Probe(1))])["Tempo"] == "http://127.0.0.1:3200/"
    assert str(site.state / "secrets/rabbitmq-operator") in places["RabbitMQ"]
    assert not [p for p in places.values() if (site.state / "secrets/rabbitmq-operator").read_text() in p]


def test_another_folder_than_the_projects_is_one_line(tmp_path: Path) -> None:
    assert project_folder(ROOT) == ROOT
    with pytest.raises(CliError, match=rf"^no rabbitmq/topology\.json in {tmp_path}: run `hallmark stack` in "):
        project_folder(tmp_path)
