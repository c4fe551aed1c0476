"""Alertmanager with alertmanager/alertmanager.yml."""

from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.programs import program


def alertmanager(site: Site) -> Part:
    """One that stands alone; silences, what was sent, and the secrets of receivers are in its folder."""
    folder = site.folder("alertmanager")
    port = site.settings.stack_alertmanager_port
    # Debian's package calls it by a name of its own.
    command = (
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={site.project / 'alertmanager' / 'alertmanager.yml'}",
        f"--storage.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        "--cluster.listen-address=",
    )
    return Part(name="alertmanager", command=command, ready=Probe(port, "/-/ready"), folder=folder)
