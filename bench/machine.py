"""What the figures were taken on and with."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

PACKAGES = ("hallmark", "grpcio", "protobuf", "opentelemetry-sdk", "onnxruntime", "numpy", "uvloop", "fastapi")


def describe() -> dict[str, object]:
    """Processor, memory, system, versions and time of a run."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as lines:  # noqa: PTH123  # a file of the kernel
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
