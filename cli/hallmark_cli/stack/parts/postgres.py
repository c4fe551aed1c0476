"""PostgreSQL with one database and one user, which is not its superuser."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from hallmark_cli.errors import CliError
from hallmark_cli.stack.accounts import folder_of
from hallmark_cli.stack.part import Part, Probe, Site
from hallmark_cli.stack.programs import program
from hallmark_cli.stack.secrets import POSTGRES_USER, Secrets

ACCOUNT = "postgres"
"""Of Debian's package; PostgreSQL refuses to run as root."""

DATABASE = "hallmark"
PROGRAMS = Path("/usr/lib/postgresql")
"""A folder for each version."""

HBA = f"host {DATABASE} {POSTGRES_USER} 127.0.0.1/32 scram-sha-256\n"
"""Who may connect: nobody but that user, so not the superuser either."""

INITDB = ("--username=postgres", "--auth=reject", "--encoding=UTF8", "--locale=C.UTF-8")
INITDB_TIMEOUT_S = 120.0


def postgres(site: Site) -> Part:
    """A server of its own, its data made at the first start."""
    account = ACCOUNT if os.geteuid() == 0 else ""
    server = _program("postgres")
    folder = folder_of(account, site, "postgres") if account else site.folder("postgres")
    data = folder / "data"
    if not data.exists():
        _make(data, Secrets(site.state / "secrets").password("postgres-hallmark"), account)
    port = site.settings.stack_postgres_port
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    return Part(
        name="postgres",
        command=(server, "-D", str(data), *(text for name in options for text in ("-c", f"{name}={options[name]}"))),
        ready=Probe(port),
        folder=folder,
        # The port is open before the server is: this asks the server.
        asks=(
            _program("pg_isready"),
            "--host=127.0.0.1",
            f"--port={port}",
            f"--username={POSTGRES_USER}",
            f"--dbname={DATABASE}",
        ),
        account=account,
        # A fast shutdown; SIGTERM would wait until every client has gone by itself.
        stop_signal=signal.SIGINT,
    )


def _program(name: str) -> str:
    newest_first = sorted(PROGRAMS.glob("[0-9]*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return program(name, "postgresql", *map(str, newest_first))


def _make(data: Path, password: str, account: str) -> None:
    """All of it or nothing: what an interrupted start has left is made anew."""
    new = data.with_name("data.new")
    if new.exists():
        shutil.rmtree(new)
    _run(data.parent, account, _program("initdb"), "-D", str(new), *INITDB)
    (new / "pg_hba.conf").write_text(HBA)
    statements = (
        f"CREATE ROLE {POSTGRES_USER} LOGIN PASSWORD '{password}'",
        f"CREATE DATABASE {DATABASE} OWNER {POSTGRES_USER}",
    )
    # Without a server, so that nobody can connect before there is a password.
    _run(data.parent, account, _program("postgres"), "--single", "-j", "-D", str(new), "postgres", said=statements)
    new.rename(data)


def _run(folder: Path, account: str, *command: str, said: tuple[str, ...] = ()) -> None:
    entry = pwd.getpwnam(account) if account else None
    done = subprocess.run(
        command,
        cwd=folder,
        user=entry.pw_uid if entry else None,
        group=entry.pw_gid if entry else None,
        extra_groups=[] if entry else None,
        # In single-user mode with -j a statement ends with a semicolon and an empty line.
        input="".join(f"{statement};\n\n" for statement in said),
        capture_output=True,
        text=True,
        timeout=INITDB_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        reason = " ".join((done.stderr or done.stdout).split())[-300:]
        raise CliError(f"{Path(command[0]).name} cannot make PostgreSQL's data in {folder}: {reason}")
