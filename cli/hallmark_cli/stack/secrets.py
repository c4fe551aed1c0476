"""Passwords of a stack: made at its first start, kept in files that only their owner reads, never committed."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

RABBITMQ_USERS = {
    "collector": (),
    "qoa": (),
    "feedback": (),
    "monitor": ("monitoring",),
    "operator": ("administrator",),
}
"""Users of RabbitMQ and their tags; what each may do is in rabbitmq/topology.json."""

POSTGRES_USER = "hallmark"

GRAFANA_ADMIN = "grafana-admin"

FOLDER = "secrets"
"""In the state folder of a stack."""


class Secrets:
    """The files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def file(self, name: str) -> Path:
        """The file with a password, made where it is not there yet."""
        path = self.folder / name
        if not path.exists():
            _write(path, secrets.token_urlsafe(24))
        return path

    def password(self, name: str) -> str:
        """The password in a file."""
        return self.file(name).read_text()

    def rabbitmq_users(self, path: Path) -> None:
        """Write the definitions of RabbitMQ's users, with salted hashes in place of passwords."""
        users = [_user(name, self.password(f"rabbitmq-{name}"), tags) for name, tags in RABBITMQ_USERS.items()]
        _write(path, json.dumps({"users": users}, indent=2) + "\n")


def for_containers(state: Path) -> Path:
    """Make every secret that compose.yaml mounts; the folder that they are in.

    A mounted file keeps its owner and its mode, and the accounts in the containers are others than ours: anyone may
    read the files. On this machine it is the folder that keeps everyone else out.
    """
    secrets = Secrets(state / FOLDER)
    users = secrets.folder / "rabbitmq-users.json"
    secrets.rabbitmq_users(users)
    passwords = (*(f"rabbitmq-{user}" for user in RABBITMQ_USERS), f"postgres-{POSTGRES_USER}", GRAFANA_ADMIN)
    for path in (users, *map(secrets.file, passwords)):
        path.chmod(0o644)
    secrets.folder.chmod(0o700)
    # For those of Alertmanager's receivers, which only their owner knows. Docker would make it, as root's.
    (state / "alertmanager" / FOLDER).mkdir(parents=True, exist_ok=True)
    return secrets.folder


def _user(name: str, password: str, tags: Sequence[str]) -> dict[str, object]:
    """One user as RabbitMQ's definitions have it (https://www.rabbitmq.com/docs/passwords#computing-password-hash)."""
    salt = hashlib.sha256(password.encode()).digest()[:4]  # of a random password: the file stays the same
    digest = salt + hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": list(tags),
    }


def _write(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
