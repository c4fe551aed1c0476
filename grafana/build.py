"""Write the dashboards: ``python -m grafana.build``, or with ``--check`` only say whether the files are up to date."""

import sys
from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana import contracts, pipeline, quality, request, services
from grafana.layout import Page

FOLDER = Path(__file__).parent / "dashboards"


def pages() -> list[Page]:
    """Every dashboard."""
    return [services.page(), contracts.page(), quality.page(), request.page(), pipeline.page()]


def rendered(page: Page) -> str:
    """The file of a dashboard."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(page.build()) + "\n"


def files() -> dict[Path, str]:
    """What each file should say."""
    return {FOLDER / f"{page.name}.json": rendered(page) for page in pages()}


def stale(wanted: dict[Path, str]) -> Iterator[Path]:
    """Files that are missing, say something else, or should not be there."""
    for path in sorted(set(wanted) | set(FOLDER.glob("*.json"))):
        if path not in wanted or not path.exists() or path.read_text() != wanted[path]:
            yield path


def main() -> int:
    """The command line; 1 if a file is not up to date."""
    wanted = files()
    outdated = list(stale(wanted))
    if "--check" in sys.argv[1:]:
        for path in outdated:
            print(f"{path.name} is not what grafana/*.py says; run `python -m grafana.build`", file=sys.stderr)
        return 1 if outdated else 0
    for path in outdated:
        if path in wanted:
            path.write_text(wanted[path])
            print(f"wrote {path.name}")
        else:
            path.unlink()
            print(f"removed {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
