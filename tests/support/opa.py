"""OPA as a part of its own, on a folder of policies."""

from pathlib import Path
from typing import Any

from hallmark_cli.stack.parts.opa import opa
from tests.support.command import ROOT
from tests.support.parts import RunningPart, new_site

POLICIES = ROOT / "policies"


class Opa(RunningPart):
    """OPA as `hallmark stack` starts it, on a free port."""

    def __init__(self, folder: Path, policies: Path = POLICIES, **settings: Any) -> None:
        """``folder`` gets what it says."""
        site = new_site(folder, policies_dir=policies, **settings)
        super().__init__(opa(site), folder)
        self.port = site.settings.stack_opa_port
        self.url = f"http://127.0.0.1:{self.port}"
