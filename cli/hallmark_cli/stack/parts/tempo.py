"""Tempo with tempo/tempo.yaml, where it is installed: no package of Debian has it."""

import shutil
import signal

from hallmark_cli.stack.part import Part, Probe, Site

PROGRAM = "tempo"


def has_tempo() -> bool:
    """Whether there is one to start."""
    return shutil.which(PROGRAM) is not None


def tempo(site: Site) -> Part:
    """All of Tempo in one process; traces are in its folder."""
    settings = site.settings
    return Part(
        name="tempo",
        command=(
            PROGRAM,
            f"-config.file={site.project / 'tempo' / 'tempo.yaml'}",
            "-config.expand-env=true",
        ),
        ready=Probe(settings.stack_tempo_port, "/ready"),
        environ={
            "TEMPO_HOST": "127.0.0.1",
            "TEMPO_HTTP_PORT": str(settings.stack_tempo_port),
            "TEMPO_GRPC_PORT": str(settings.stack_tempo_grpc_port),
            "TEMPO_OTLP_PORT": str(settings.stack_tempo_otlp_port),
            "TEMPO_STORAGE": str(site.folder("tempo")),
        },
        # It would wait half a minute for jobs that it does not have; what it took is in its write-ahead log.
        stop_timeout_s=5.0,
        clean_exits=(0, -signal.SIGKILL),
    )
