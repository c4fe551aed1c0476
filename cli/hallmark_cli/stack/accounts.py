"""Accounts of parts that refuse to run as root, and folders that these can reach."""

import hashlib
import os
import pwd
import stat
from pathlib import Path

from hallmark_cli.stack.part import Site

ELSEWHERE = Path("/var/lib/hallmark")
"""For state of such an account where the folder of the stack is closed to it, as one below root's home is."""


def folder_of(account: str, site: Site, part: str) -> Path:
    """The state folder of a part that runs under an account; where that cannot reach ours, a link to one elsewhere."""
    ours = site.state / part
    if ours.is_symlink() or not (ours.exists() or may_reach(account, site.state)):
        folder = ELSEWHERE / hashlib.sha256(str(site.state).encode()).hexdigest()[:16] / part
        folder.mkdir(parents=True, exist_ok=True)
        if not ours.is_symlink():
            ours.symlink_to(folder)
    else:
        folder = site.folder(part)
    entry = pwd.getpwnam(account)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return folder


def may_reach(account: str, folder: Path) -> bool:
    """Whether an account may pass through a folder and all those above it."""
    entry = pwd.getpwnam(account)
    groups = os.getgrouplist(account, entry.pw_gid)
    return all(_may_pass(above.stat(), entry.pw_uid, groups) for above in (folder, *folder.parents))


def _may_pass(folder: os.stat_result, uid: int, groups: list[int]) -> bool:
    if folder.st_uid == uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid in groups:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
