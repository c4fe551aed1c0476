"""Policy: who judges, as the settings say."""

from hallmark_common.settings import Settings
from hallmark_qoa.judge.policy.base import Policy, PolicyStatus

__all__ = ["Policy", "PolicyStatus", "open_policy"]


def open_policy(settings: Settings) -> Policy:
    """The policy that the settings name; StartupError where OPA's address cannot be one.

    Files are looked at, and OPA is called, when there is something to judge: neither keeps the engine from starting.
    """
    # Only who uses one of them pays for it.
    if settings.qoa_opa_url:
        from hallmark_qoa.judge.policy.opa import OpaPolicy  # noqa: PLC0415

        return OpaPolicy(settings.qoa_opa_url)
    from hallmark_qoa.judge.policy.rego import RegoPolicy  # noqa: PLC0415

    return RegoPolicy(settings.policies_dir)
