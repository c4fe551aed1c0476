"""`python -m hallmark_cli.up.probe SERVICE`: is a service ready? For the health check of a container.

Needs what every service needs and nothing of the `hallmark` command, which images do not hold.
"""

import asyncio
import sys

from hallmark_cli.up.banner import reachable
from hallmark_cli.up.readiness import until_ready
from hallmark_common.errors import StartupError
from hallmark_common.settings import load_settings

TIMEOUT_S = 3.0


def main(service: str) -> int:
    """0 where the service of this container answers that it is ready, 1 where it does not, in one line."""
    try:
        settings = load_settings()
    except StartupError as error:
        return _unhealthy(str(error))
    here = settings.model_copy(update={"host": reachable(settings.host)})
    try:
        asyncio.run(asyncio.wait_for(until_ready(service, here), TIMEOUT_S))
    except TimeoutError:
        return _unhealthy(f"{service} is not ready")
    return 0


def _unhealthy(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
