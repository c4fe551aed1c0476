"""Prometheus with prometheus/prometheus.yml, its rules, and where this stack has what it scrapes."""

import json
from pathlib import Path

from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.programs import program

RETENTION = ("--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=8GB")
FEATURES = "--enable-feature=exemplar-storage,expand-external-labels"


def prometheus(site: Site, *, tempo: bool) -> Part:
    """One that keeps its series, bounded in time and size, in its folder."""
    folder = site.folder("prometheus")
    port = site.settings.stack_prometheus_port
    command = (
        program("prometheus", "prometheus"),
        f"--config.file={_configuration(site, folder / 'config', tempo=tempo)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *RETENTION,
        FEATURES,
    )
    return Part(name="prometheus", command=command, ready=Probe(port, "/-/ready"))


def _configuration(site: Site, folder: Path, *, tempo: bool) -> Path:
    """Paths in the configuration are relative to it: links to the project's files, and beside them our targets."""
    targets = folder / "targets"
    targets.mkdir(parents=True, exist_ok=True)
    for name in ("prometheus.yml", "rules"):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(site.project / "prometheus" / name)
    for name, ports in targets_of(site, tempo=tempo).items():
        # JSON is YAML.
        (targets / f"{name}.yml").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}" for port in ports]}]) + "\n")
    return folder / "prometheus.yml"


def targets_of(site: Site, *, tempo: bool) -> dict[str, tuple[int, ...]]:
    """The ports of each file of targets."""
    settings = site.settings
    return {
        "alertmanager": (settings.stack_alertmanager_port,),
        "collector": (settings.stack_collector_metrics_port,),
        "collector-self": (settings.stack_collector_own_metrics_port,),
        "prometheus": (settings.stack_prometheus_port,),
        "rabbitmq": (settings.stack_rabbitmq_metrics_port,),
        "tempo": (settings.stack_tempo_port,) if tempo else (),
    }
