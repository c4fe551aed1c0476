"""OPA with the policies that judge contracts."""

from hallmark_cli.errors import CliError
from hallmark_cli.stack.part import Part, Probe, Site

BINARY = ".hallmark/bin/opa"

OPTIONS = ("--watch", "--skip-version-check", "--log-level-request=debug", "--ignore=*_test.rego")
"""It takes up policies that change, and its log says so, or what is wrong with them, but not what it was asked.

It asks nobody on the Internet for a newer version of itself."""


def opa(site: Site) -> Part:
    """A server of the policies, for this machine only; it keeps nothing."""
    binary = site.project / BINARY
    if not binary.exists():
        raise CliError(f"{binary} is not there; build it: make opa")
    port = site.settings.stack_opa_port
    policies = site.project / site.settings.policies_dir
    command = (str(binary), "run", "--server", f"--addr=127.0.0.1:{port}", *OPTIONS, str(policies))
    return Part(name="opa", command=command, ready=Probe(port, "/health"))
