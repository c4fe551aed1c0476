"""Passwords of a stack, the accounts of its parts, and who may read what."""

import base64
import hashlib
import json
import stat
from pathlib import Path

import pytest

from hallmark_cli.main import run
from hallmark_cli.stack.accounts import may_reach
from hallmark_cli.stack.secrets import RABBITMQ_USERS, Secrets, for_containers
from hallmark_common.settings import Settings

NOBODY = "nobody"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_password_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    first = Secrets(tmp_path / "secrets")
    made = {name: first.password(name) for name in ("one", "other")}
    again = Secrets(tmp_path / "secrets")
    assert {name: again.password(name) for name in made} == made
    assert made["one"] != made["other"]
    assert (_mode(first.folder), _mode(first.file("one"))) == (0o700, 0o600)


def test_the_brokers_users_are_salted_hashes_of_their_passwords(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "secrets")
    secrets.rabbitmq_users(tmp_path / "users.json")
    users = json.loads((tmp_path / "users.json").read_text())["users"]
    assert {user["name"]: tuple(user["tags"]) for user in users} == RABBITMQ_USERS
    for user in users:
        content = base64.b64decode(user["password_hash"])
        password = secrets.password(f"rabbitmq-{user['name']}").encode()
        assert hashlib.sha256(content[:4] + password).digest() == content[4:]


def test_containers_may_read_what_a_folder_keeps_from_others(tmp_path: Path) -> None:
    folder = for_containers(tmp_path / "stack")
    files = {path.name: _mode(path) for path in folder.iterdir()}
    names = (
        "postgres-hallmark",
        "grafana-admin",
        "rabbitmq-users.json",
        *(f"rabbitmq-{user}" for user in RABBITMQ_USERS),
    )
    assert files == dict.fromkeys(names, 0o644)
    assert _mode(folder) == 0o700


def test_only_secrets_starts_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stack", "--only-secrets"]) == 0
    folder = settings.state_dir.resolve() / "stack/secrets"
    assert "".join(capsys.readouterr().out.split()) == f"passwordsarein{folder}"
    assert (folder / "rabbitmq-qoa").exists()


def test_an_account_reaches_a_folder_that_all_above_let_it_through(tmp_path: Path) -> None:
    assert may_reach(NOBODY, Path("/usr/bin"))
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert not may_reach(NOBODY, closed / "inner")
