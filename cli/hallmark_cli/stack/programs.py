"""Where the programs of the real parts are; Debian puts some of them outside of PATH."""

import shutil
from pathlib import Path

from hallmark_cli.errors import CliError


def program(name: str, package: str, *places: str) -> str:
    """The path of a program: in one of ``places``, else on PATH; CliError names the package to install for it."""
    found = next((str(Path(place) / name) for place in places if (Path(place) / name).exists()), shutil.which(name))
    if found is None:
        raise CliError(f"{name} is not installed; `make stack` needs it: apt-get install {package}")
    return found
