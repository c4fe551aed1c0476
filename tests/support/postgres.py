"""A real PostgreSQL server of a test's own: Debian's, in a folder, on a free port, with nothing flushed to disk."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from tests.support.parts import start_tied
from tests.support.ports import free_port
from tests.support.waiting import until

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
PACKAGE = "postgresql"
USER = "hallmark"
PASSWORD = "a pass'word"
START_S = 60.0
STOP_S = 10.0

_SYSTEM_USER = "postgres" if os.geteuid() == 0 else ""
"""PostgreSQL refuses to run as root; Debian's package has made a user for it."""


class PostgresServer:
    """A server; as a context manager it runs inside and its folder is gone afterwards.

    It is stopped and started again by :meth:`stop` and :meth:`start`, on the same port. Every connection over TCP
    needs PASSWORD.
    """

    def __init__(self, **configuration: str) -> None:
        if not (PROGRAMS / "initdb").exists():
            raise FileNotFoundError(f"no PostgreSQL 15 in {PROGRAMS}: install the Debian package {PACKAGE}")
        self.port = free_port()
        # Not in a folder of pytest, which other users may not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="hallmark-postgres-"))
        self._configuration = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "5s",
            **configuration,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """The address of a database, without the password."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the superuser that commits each statement."""
        return psycopg.connect(self.url(database), password=PASSWORD, autocommit=True)

    def create_database(self, name: str, *, options: str = "") -> str:
        """A new, empty database; its address."""
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} " + options).format(sql.Identifier(name)))
        return self.url(name)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [text for name, value in self._configuration.items() for text in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = self._spawn("postgres", "-D", str(self._data), *options, log=log.fileno())
        until(self._answers, f"PostgreSQL answers; see {self._folder / 'log'}", timeout_s=START_S)

    def stop(self) -> None:
        """Stop it as a fast shutdown does: connections are cut."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
        self._process = None

    def __enter__(self) -> Self:
        if _SYSTEM_USER:
            shutil.chown(self._folder, _SYSTEM_USER)
        password_file = self._folder / "password"
        password_file.write_text(PASSWORD)
        arguments = (f"--username={USER}", f"--pwfile={password_file}", "--auth=scram-sha-256", "--no-sync")
        made = self._spawn("initdb", "-D", str(self._data), "--encoding=UTF8", "--locale=C.UTF-8", *arguments)
        said, _ = made.communicate(timeout=START_S)
        assert made.returncode == 0, said.decode()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _spawn(self, program: str, *arguments: str, log: int = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        return start_tied(
            [PROGRAMS / program, *arguments],
            _SYSTEM_USER,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
