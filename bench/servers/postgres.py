"""PostgreSQL: a database of our own, made for this run and dropped after it."""

import os
import shutil
import subprocess
from pathlib import Path

from bench.experiment import NotMeasured
from bench.servers.private import PrivateServer, free_port, server_address

try:
    import psycopg
    from psycopg.conninfo import make_conninfo
except ModuleNotFoundError:  # then no peer that needs it is measured
    psycopg = None

__all__ = ["Postgres"]

_VARIABLE = "DARTIAN_TEST_POSTGRES"
_OWNER = "postgres"


class Postgres:
    """One database of a PostgreSQL server."""

    def __init__(self) -> None:
        if psycopg is None:
            raise NotMeasured("the Python package psycopg is not installed")
        self._private: PrivateServer | None = None
        self._server = server_address(
            "PostgreSQL", _VARIABLE, f"postgresql://{_OWNER}@127.0.0.1:5432/postgres", _answers, self._start
        )
        self._name = f"dartian_bench_{os.getpid()}"
        self.url = make_conninfo(self._server, dbname=self._name)
        self._ask(self._server, f'CREATE DATABASE "{self._name}"')

    def clean(self) -> None:
        """Drop all that is in the database."""
        self._ask(self.url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")

    def facts(self) -> str:
        """Return version and durability in words."""
        version, commit = self._ask(self._server, "SHOW server_version", "SHOW synchronous_commit")
        return f"PostgreSQL {version.split()[0]}, synchronous_commit {commit}"

    def close(self) -> None:
        """Drop the database, and end a server of our own."""
        self._ask(self._server, f'DROP DATABASE "{self._name}" WITH (FORCE)')
        if self._private is not None:
            self._private.close()

    def _start(self) -> str:
        programs = _programs()
        port = free_port()
        address = f"postgresql://{_OWNER}@127.0.0.1:{port}/postgres"
        self._private = server = PrivateServer("postgres")
        user = _OWNER if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
        if user is not None:
            shutil.chown(server.folder, user)
        data = str(server.folder / "data")
        made = [str(programs / "initdb"), "-D", data, "-U", _OWNER, "-A", "trust"]
        subprocess.run(made, check=True, cwd=server.folder, stdout=subprocess.DEVNULL, user=user)
        command = [str(programs / "postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(server.folder)]
        server.start(command, lambda: _answers(address), user)
        return address

    @staticmethod
    def _ask(address: str, *statements: str) -> list[str]:
        """Run statements one after the other, and return the first value of those that give one."""
        assert psycopg is not None
        with psycopg.connect(address, autocommit=True) as connection:
            cursors = [connection.execute(statement.encode()) for statement in statements]
            return [str(row[0]) for one in cursors if one.description and (row := one.fetchone())]


def _programs() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not installed:
        raise NotMeasured("there is no PostgreSQL server here")
    return installed[-1].parent


def _answers(address: str) -> bool:
    assert psycopg is not None
    try:
        with psycopg.connect(address, connect_timeout=2):
            return True
    except psycopg.Error:
        return False
