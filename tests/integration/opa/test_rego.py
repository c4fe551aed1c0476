"""The policies are in order by OPA's own tools."""

import subprocess

import pytest

from hallmark_cli.stack.parts.opa import BINARY
from tests.support.command import ROOT

CHECKS = {
    "fmt": ("fmt", "--list", "--fail", "policies"),
    "check": ("check", "--strict", "policies"),
    "test": ("test", "--coverage", "--threshold", "100", "policies"),
}


@pytest.mark.parametrize("arguments", CHECKS.values(), ids=CHECKS)
def test_policies_are_in_order(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([BINARY, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rego_file_has_tests_beside_it() -> None:
    files = {path for path in (ROOT / "policies").rglob("*.rego") if not path.stem.endswith("_test")}
    assert files
    assert not [path for path in files if not path.with_stem(f"{path.stem}_test").exists()]
