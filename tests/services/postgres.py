"""A real PostgreSQL, as an ordinary user or, under root, as the user Debian made for it."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.services.server import Server, ServiceAbsent, free_ports

# Durability is not what these tests are about; synchronous_commit stays on, since
# without it even kill -9 of the server alone would lose commits.
_FAST = (
    "fsync=off", "full_page_writes=off", "shared_buffers=32MB", "autovacuum=off", "jit=off",
    "ssl=off", "logging_collector=off",
)  # fmt: skip


class Postgres(Server):
    stop_signal = signal.SIGINT
    death_signal = "QUIT"

    def __init__(self, *, durable: bool = False) -> None:
        self.options = () if durable else _FAST
        programs = glob.glob("/usr/lib/postgresql/*/bin")
        if not programs or not shutil.which("setpriv"):
            raise ServiceAbsent("PostgreSQL is not installed (Debian: postgresql)")
        super().__init__("postgres")
        (self.port,) = free_ports(1)
        self.programs = Path(max(programs, key=lambda path: int(path.split("/")[4])))
        self.data = self.folder / "data"
        known = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self.environment = known | {"HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.identity = ["--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid)]
            self.identity.append("--clear-groups")
        options = "-U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
        initdb = [str(self.programs / "initdb"), "-D", str(self.data), *options.split()]
        subprocess.run(
            ["setpriv", *self.identity, "--", *initdb],
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
