"""compose.yaml: Docker's own reader takes it, and it runs what `make stack` runs, from the same files."""

import json
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from hallmark_cli.stack import plan
from hallmark_cli.stack.part import Part
from hallmark_cli.stack.parts.opa import OPTIONS
from hallmark_cli.stack.parts.prometheus import FEATURES, RETENTION, targets_of
from hallmark_cli.stack.plan import STOPS_AFTER, parts_of
from hallmark_cli.stack.secrets import for_containers
from hallmark_common.settings import Settings, load_settings, variable
from tests.support.command import ROOT
from tests.support.full_stack import open_folder
from tests.support.parts import new_site

SERVICES = ("web", "preprocess", "inference", "qoa")
OURS = (*SERVICES, "collector")
PARTS = ("rabbitmq", "postgres", "opa", "prometheus", "alertmanager", "tempo", "grafana")

ONLY_HERE = {
    Path("alertmanager/templates"),  # found beside the configuration by `make stack`
    Path("contracts"),
    Path("grafana/dashboards"),
    Path("grafana/provisioning"),
    Path("models"),
    Path("prometheus/compose-targets"),  # `make stack` writes its own
}
"""What containers are given of the project, and `make stack` has no need to name."""


def _mounts(project: Any, name: str) -> dict[Path, Any]:
    """What a service is given of the project's files, by path in the project."""
    binds = [volume for volume in project["services"][name].get("volumes", ()) if volume["type"] == "bind"]
    return {Path(bind["source"]).relative_to(ROOT): bind for bind in binds}


def test_it_holds_the_services_and_the_parts(project: Any) -> None:
    assert set(project["services"]) == {*OURS, *PARTS}


def test_what_is_mounted_is_there_and_cannot_be_written(project: Any) -> None:
    for name in project["services"]:
        for path, bind in _mounts(project, name).items():
            assert bind["read_only"], (name, path)
            assert path.parts[0] == ".hallmark" or (ROOT / path).exists(), (name, path)


NEEDS = {
    "web": {"contracts"},
    "preprocess": {"models", "contracts"},
    "inference": {"models", "contracts"},
    "qoa": {"models", "contracts", "policies"},
}
"""Folders that each service reads: contracts say which traces are kept, and what is judged."""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_folders_that_it_reads_where_its_image_looks(project: Any, image: Any, name: str) -> None:
    assert project["services"][name]["build"]["target"] == name
    lines = " ".join(instruction["line"] for instruction in image("Dockerfile", name))
    mounted = {str(path): bind["target"] for path, bind in _mounts(project, name).items()}

    assert set(mounted) == NEEDS[name]
    for folder, target in mounted.items():
        assert f"{variable(f'{folder}_dir')}={target} " in lines


def test_it_uses_the_very_files_of_make_stack(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "has_tempo", lambda: True)
    mounted = {path for name in project["services"] for path in _mounts(project, name)}
    with open_folder() as folder:
        used = _used_by(parts_of(new_site(folder)), folder)
    assert {path for path in mounted - ONLY_HERE if path.parts[0] != ".hallmark"} == used


def _used_by(parts: list[Part], state: Path) -> set[Path]:
    """The project's files that parts are told of, or that were put into their folders."""
    words = [word for part in parts for word in (*part.command[1:], *part.environ.values())]
    named = re.findall(rf"{re.escape(str(ROOT))}/([^\s:]+)", " ".join(words))
    links = {path.readlink().relative_to(ROOT) for path in state.rglob("*") if path.is_symlink()}
    topology = {Path("rabbitmq/topology.json")} if list(state.rglob("20-topology.json")) else set()
    return {*map(Path, named), *links, *topology}


def test_prometheus_scrapes_the_same_parts_and_keeps_as_much(project: Any, tmp_path: Path) -> None:
    assert {*RETENTION, FEATURES} <= set(project["services"]["prometheus"]["command"])
    files = {path.stem: path for path in (ROOT / "prometheus/compose-targets").iterdir()}
    assert set(files) == set(targets_of(new_site(tmp_path), tempo=True))
    for path in files.values():
        for group in yaml.safe_load(path.read_text()):
            hosts = {target.partition(":")[0] for target in group["targets"]}
            assert hosts <= set(project["services"])
            assert all(_share_a_network(project, "prometheus", host) for host in hosts)


def test_opa_has_the_options_and_the_version_of_make_stack(project: Any) -> None:
    opa = project["services"]["opa"]
    assert {*OPTIONS, "/policies"} <= set(opa["command"])
    assert f"version=v{opa['image'].partition(':')[2]}\n" in (ROOT / "scripts/set_up_opa.sh").read_text()


def _share_a_network(project: Any, one: str, other: str) -> bool:
    networks = [set(project["services"][name]["networks"]) for name in (one, other)]
    return bool(networks[0] & networks[1])


def test_settings_of_the_services_exist_and_names_in_them_are_services(project: Any) -> None:
    for name in SERVICES:
        environment = project["services"][name]["environment"]
        load_settings(environment)
        for value in environment.values():
            host = re.search(r"(?:^|[@/])([a-z]+):\d+", value)
            if host is not None:
                assert _share_a_network(project, name, host[1]), (name, value)


def test_the_collector_is_told_all_that_it_has_no_default_for(project: Any) -> None:
    configuration = (ROOT / "otel-collector/config.yaml").read_text()
    needed = {name for name, default in re.findall(r"\$\{env:(\w+)(:-)?", configuration) if not default}
    assert needed <= set(project["services"]["collector"]["environment"])


def test_ports_are_the_usual_ones_and_for_this_machine_only(project: Any) -> None:
    usual = {getattr(Settings(), field) for field in Settings.model_fields if field.endswith("_port")} | {3000}
    for service in project["services"].values():
        for port in service.get("ports", ()):
            assert port["host_ip"] == "127.0.0.1"
            assert int(port["published"]) == port["target"] in usual


def test_who_still_sends_to_a_part_ends_before_it(project: Any) -> None:
    # Compose stops in the reverse order of depends_on.
    needs = {name: set(service.get("depends_on", ())) for name, service in project["services"].items()}
    order = list(TopologicalSorter(needs).static_order())
    reached: dict[str, set[str]] = {}
    for name in order:
        reached[name] = needs[name].union(*(reached[other] for other in needs[name]))
    for later, earlier in STOPS_AFTER.items():
        if later in needs and later != "prometheus":  # loses nothing but its last scrape
            assert all(later in reached[name] for name in earlier), (earlier, later)


def test_what_is_waited_for_can_say_that_it_is_healthy(project: Any, image: Any) -> None:
    dockerfiles = {True: "Dockerfile", False: "otel-collector/Dockerfile"}
    for service in project["services"].values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy" and "healthcheck" not in project["services"][name]:
                instructions = image(dockerfiles[name in SERVICES], name)
                assert "HEALTHCHECK" in [instruction["name"] for instruction in instructions]


def test_images_of_others_are_of_one_version(project: Any) -> None:
    for name in PARTS:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", project["services"][name]["image"]), name


def test_every_container_is_bounded_and_ours_are_confined(project: Any) -> None:
    for name, service in project["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert service["logging"]["driver"] == "local", name  # turns logs over
        assert limits["cpus"], name
        assert limits["memory"], name
        assert service["restart"] == "unless-stopped", name
    for name in OURS:
        service = project["services"][name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


@pytest.mark.parametrize(
    ("name", "callers"),
    [
        ("postgres", {"qoa"}),
        ("opa", {"qoa"}),
        ("rabbitmq", {"collector", "qoa", "prometheus", "alertmanager", "grafana"}),
        ("preprocess", {"web", "inference", "qoa", "collector", "prometheus", "alertmanager", "tempo", "grafana"}),
    ],
)
def test_a_part_is_reached_only_by_those_of_its_networks(project: Any, name: str, callers: set[str]) -> None:
    others = set(project["services"]) - {name}
    assert {other for other in others if _share_a_network(project, name, other)} == callers


def test_only_what_is_published_is_on_a_network_with_a_way_out(project: Any) -> None:
    open_networks = {name for name, network in project["networks"].items() if not network.get("internal")}
    assert open_networks == {"front", "pages"}
    for name, service in project["services"].items():
        assert bool(open_networks & set(service["networks"])) == bool(service.get("ports")), name


def test_every_secret_is_made_and_given_to_who_reads_it(project: Any, tmp_path: Path) -> None:
    state = ROOT / ".hallmark/stack"
    for_containers(tmp_path)
    for secret in project["secrets"].values():
        assert (tmp_path / Path(secret["file"]).relative_to(state)).is_file()
    for name in project["services"]:
        for path in _mounts(project, name):
            assert path.parts[0] != ".hallmark" or (tmp_path / (ROOT / path).relative_to(state)).is_dir()
    for name, service in project["services"].items():
        given = {secret["source"] for secret in service.get("secrets", ())}
        told = set(re.findall(r"/run/secrets/([\w-]+)", json.dumps(service.get("environment", {}))))
        assert told <= given, name
        assert not [key for key in service.get("environment", {}) if re.search("(PASSWORD|SECRET|TOKEN)$", key)], name


@pytest.mark.parametrize("field", ["amqp_password_file", "qoa_store_password_file"])
def test_the_engine_reads_its_passwords_from_files(project: Any, field: str) -> None:
    assert project["services"]["qoa"]["environment"][variable(field)].startswith("/run/secrets/")
