"""RabbitMQ with the exchanges, queues and users of rabbitmq/topology.json."""

import shutil
import signal
from pathlib import Path

from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.programs import program
from hallmark_cli.stack.secrets import Secrets

NODE = "hallmark@localhost"


def rabbitmq(site: Site) -> Part:
    """A node of its own; data, logs and Erlang's cookie in its folder."""
    folder = site.folder("rabbitmq")
    settings = site.settings
    _write_definitions(site, folder)
    extra = folder / "conf.d" / "90-here.conf"
    extra.parent.mkdir(exist_ok=True)
    extra.write_text(_ports(site, folder))
    return Part(
        name="rabbitmq",
        command=(program("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin"),),
        ready=Probe(settings.stack_rabbitmq_port),
        environ={
            # So that the script becomes the node instead of waiting for one: a signal to it is one to the node.
            "RUNNING_UNDER_SYSTEMD": "1",
            "HOME": str(folder),
            "ERL_CRASH_DUMP": str(folder / "log" / "erl_crash.dump"),
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_CONFIG_FILE": str(site.project / "rabbitmq" / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(extra.parent),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(site.project / "rabbitmq" / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # The port for tools listens everywhere otherwise; who has the cookie is the node's master there.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_DIST_PORT": str(settings.stack_rabbitmq_dist_port),
            "ERL_EPMD_PORT": str(settings.stack_rabbitmq_epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        },
        # While it boots, it drops the signal.
        stop_again=True,
    )


def epmd(site: Site) -> Part:
    """Erlang's port mapper: a node that finds none starts one as a daemon, which nobody would stop."""
    port = site.settings.stack_rabbitmq_epmd_port
    command = (program("epmd", "erlang-base", "/usr/lib/erlang/bin"), "-port", str(port), "-address", "127.0.0.1")
    return Part(name="epmd", command=command, ready=Probe(port), clean_exits=(-signal.SIGTERM,))


def _write_definitions(site: Site, folder: Path) -> None:
    """Files of one folder are loaded in order of their names: users first, as permissions refer to them."""
    definitions = folder / "definitions"
    definitions.mkdir(exist_ok=True)
    Secrets(site.state / "secrets").rabbitmq_users(definitions / "10-users.json")
    shutil.copyfile(site.project / "rabbitmq" / "topology.json", definitions / "20-topology.json")


def _ports(site: Site, folder: Path) -> str:
    settings = site.settings
    return (
        f"load_definitions = {folder / 'definitions'}\n"
        f"listeners.tcp.local = 127.0.0.1:{settings.stack_rabbitmq_port}\n"
        "management.tcp.ip = 127.0.0.1\n"
        f"management.tcp.port = {settings.stack_rabbitmq_management_port}\n"
        "prometheus.tcp.ip = 127.0.0.1\n"
        f"prometheus.tcp.port = {settings.stack_rabbitmq_metrics_port}\n"
    )
