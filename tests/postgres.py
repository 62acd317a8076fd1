"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on a port of its own, that can be ended and begun."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg
import pytest
from tests.waiting import wait_until

USER = "almascan"
_READY_SECONDS = 30
_IS_ROOT = os.name == "posix" and os.geteuid() == 0
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups") if _IS_ROOT else ()
"""What a command begins with that the server's user is to carry out: root may not run a server."""


class Cluster:
    """A PostgreSQL server: a context manager that makes it, starts it, and removes it in the end.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        folder, data: A folder of the server's user, and that of its data in it.
    """

    def __init__(self, *settings: str) -> None:
        self._settings = settings
        self._bin = find_programs() or pytest.skip("needs PostgreSQL's programs (make system-packages)")
        self.port = _free_port()

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="almascan-pg-"))
        self.data = self.folder / "data"
        if AS_POSTGRES:
            shutil.chown(self.folder, "postgres", "postgres")
        self._make()
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self) -> None:
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
        options += "".join(f" -c {setting}" for setting in self._settings)
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-o", options, "-w", "-t", str(_READY_SECONDS), "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it: "fast" ends the sessions in order, "immediate" as a power cut does."""
        self._run("pg_ctl", "-D", self.data, "-m", how, "-w", "stop", check=False)

    def kill(self) -> None:
        """Kill all of it without a warning, and wait until it is gone."""
        server = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        processes = [server, *map(int, children)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(map(_is_there, processes)), "the server's processes are gone")
        # A process that nobody has taken note of yet would count as one that runs.
        (self.data / "postmaster.pid").unlink()

    def address(self, database: str = "postgres") -> str:
        """Give a database's address, as ``--journal`` takes it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def make_database(self, template: str = "template1") -> str:
        """Make an empty database, and give its name."""
        name = f"journal_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever uses it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Have it do something; give what it answers."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def terminate_sessions(self, database: str) -> int:
        """End every session of a database; give how many there were."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            ended = connection.execute(query, [database]).fetchall()
        return len(ended)

    def _run(self, program: str, *arguments: str | Path, check: bool = True) -> None:
        command = [*AS_POSTGRES, str(self._bin / program), *map(str, arguments)]
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=self.folder
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}; see {self.folder}/log")


def find_programs() -> Path | None:
    """Find the newest PostgreSQL's programs; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


class Pair(Cluster):
    """A PostgreSQL server with a standby that every commit waits for; in a failover the standby takes its place."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._attach_standby()
        return self

    def __exit__(self, *exception: object) -> None:
        self._standby.__exit__()
        super().__exit__()

    def fail_over(self) -> None:
        """Kill the server without a warning, have its standby take its place, and give that one a standby."""
        self.kill()
        shutil.rmtree(self.folder)
        promoted = self._standby
        promoted._run("pg_ctl", "-D", promoted.data, "-w", "promote")
        self.port, self.folder, self.data = promoted.port, promoted.folder, promoted.data
        self._attach_standby()

    def _attach_standby(self) -> None:
        self._standby = _Standby(self.port)
        self._standby.__enter__()
        # A standby has a copy of its server's settings: only the one that has a standby is to wait.
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.execute("SELECT pg_reload_conf()")
        follows = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: self.execute(follows) != [], "the standby follows")


class _Standby(Cluster):
    """A server that follows another one, given by its port."""

    def __init__(self, primary: int) -> None:
        super().__init__()
        self._primary = primary

    def _make(self) -> None:
        server = f"host=127.0.0.1 port={self._primary} user={USER}"
        self._run("pg_basebackup", "-d", server, "-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync")


@contextmanager
def database(cluster: Cluster) -> Iterator[str]:
    """Give the address of an empty database, which is dropped in the end."""
    name = cluster.make_database()
    try:
        yield cluster.address(name)
    finally:
        cluster.drop_database(name)


def _is_there(process: int) -> bool:
    """Whether a process exists, one that has ended and that nobody has taken note of aside."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def standing_still(address: str, statement: str) -> Iterator[None]:
    """Have a process stand still in the middle of a batch: the server waits for more, and ends no idle transaction.

    Args:
        address: The database's.
        statement: What locks something.
    """
    with closing(psycopg.connect(address, application_name="almascan")) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '8s'")
        connection.commit()
        connection.pgconn.enter_pipeline_mode()
        for each in ("BEGIN", statement):
            connection.pgconn.send_query_params(each.encode(), None)
        connection.pgconn.send_flush_request()
        connection.pgconn.flush()
        yield
