"""What the page about the fleet has people type does what it is typed for: on a real PostgreSQL, with real workers."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.postgres import AS_POSTGRES, USER, Cluster, find_programs
from tests.waiting import wait_until

from almascan.cli import almascan
from almascan.errors import ExitCode
from almascan.journal.place import Server, place_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "fleet.md").read_text(encoding="utf-8")
ADDRESS = "postgresql://fleet@db.example.org/almascan?sslmode=verify-full"
DATA = Path("/var/lib/postgresql/15/main")
TOO_LARGE = {"shared_buffers": "32MB", "max_wal_size": "64MB", "min_wal_size": "32MB"}
"""Settings that are made smaller here; that the server takes their names is what matters."""
_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_WAIT_SECONDS = 30


def blocks(language: str) -> list[str]:
    return [block for found, block in _BLOCK.findall(PAGE) if found == language]


def shell_lines() -> list[str]:
    return [line.strip() for block in blocks("sh") for line in block.splitlines()]


def settings() -> dict[str, str]:
    block = next(block for block in blocks("ini") if "fsync" in block)
    lines = [line for line in block.splitlines() if line and not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in (line.partition(" = ") for line in lines)}


def unit() -> str:
    return next(block for block in blocks("ini") if "ExecStart" in block)


def of_unit(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit(), re.MULTILINE)


def parse(arguments: list[str]) -> click.Context:
    """Have a command line understood by its command."""
    command: click.Command = almascan
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), arguments[0])
        assert found is not None, arguments
        command, arguments = found, arguments[1:]
    return command.make_context("almascan", arguments)


def test_every_command_of_almascan_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("returns.csv").write_text("1\n", encoding="utf-8")
    lines = [shlex.split(line)[1:] for line in shell_lines() if line.startswith("almascan ")]
    assert {"scan", "runs", "pause", "resume", "cancel", "drain", "journal"} <= {line[0] for line in lines}
    for line in lines:
        parse(line)


def test_every_address_is_one_that_a_journal_may_have() -> None:
    found = set(re.findall(r"postgresql://[^\s'`]+", PAGE))
    assert ADDRESS in found
    assert all(isinstance(place_of(address), Server) for address in found)


def test_the_unit_starts_a_worker_again_always_and_gives_it_more_than_its_time_of_grace() -> None:
    (line,) = of_unit("ExecStart")
    worker = parse(shlex.split(line.replace("%H", "north").replace("%i", "1"))[1:])
    assert (worker.params["name"], worker.params["metrics_port"]) == ("north-1", 9461)
    assert of_unit("Restart") == ["always"]
    assert int(of_unit("TimeoutStopSec")[0]) > worker.params["grace_seconds"] + 10
    assert f"ALMASCAN_JOURNAL={ADDRESS}" in of_unit("Environment")


@pytest.mark.system
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze") or pytest.skip("needs systemd-analyze")
    file = tmp_path / "almascan-worker@1.service"
    file.write_text(unit().replace("/opt/almascan/bin/almascan", shutil.which("true") or "/bin/true"), encoding="utf-8")
    done = subprocess.run([program, "verify", str(file)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "almascan" in line] == []
    assert done.returncode == 0, done.stderr


def places_on(cluster: Cluster) -> dict[str, Path]:
    """Say what stands for the page's places here."""
    names = {"base": "/srv/base", "wal": "/srv/wal", "before": f"{DATA.parent}/before"}
    return {str(DATA): cluster.data} | {there: cluster.folder / name for name, there in names.items()}


class Ground:
    """A server with the page's settings, and a person who types what the page says.

    Args:
        cluster: The server.
        folder: Where the person is.

    Attributes:
        cluster: The server.
        address: The journal's, as its users have it.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.address = f"postgresql://fleet@127.0.0.1:{cluster.port}/almascan"
        self._folder = folder
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ALMASCAN_", "PG"))}
        self._environment = own | {
            "ALMASCAN_JOURNAL": self.address,
            "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
            "XDG_STATE_HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "PATH": f"{find_programs()}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self._places = places_on(cluster)
        self._administrator = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(cluster.port),
            "PGUSER": USER,
            "PGDATABASE": "postgres",
        }

    def type(self, *lines: str) -> None:
        """Have a shell do some lines of the page, as the one that they are for."""
        for line in lines:
            is_administrator = "sudo -u postgres " in line
            command = line.replace("sudo -u postgres", " ".join(AS_POSTGRES)).replace(ADDRESS, self.address)
            for there, here in self._places.items():
                command = command.replace(there, str(here))
            environment = self._environment | (self._administrator if is_administrator else {})
            # A session of its own has no terminal, so that a password is read from what is handed in.
            done = subprocess.run(
                ["sh", "-c", command],
                env=environment,
                cwd=self.cluster.folder if is_administrator else self._folder,
                input="secret\nsecret\n",
                capture_output=True,
                text=True,
                start_new_session=True,
                check=False,
            )
            assert done.returncode == 0, (line, done.stdout, done.stderr)

    def work(self) -> tuple[int, str]:
        """Start a worker and have it leave once it works; give its exit code and what it wrote."""
        command = [sys.executable, "-m", "almascan", "worker", "--name", "north-1"]
        with subprocess.Popen(command, env=self._environment, stderr=subprocess.PIPE, text=True) as worker:
            assert worker.stderr is not None
            said = ""
            for line in worker.stderr:
                said += line
                if "It works on the journal" in line:
                    worker.send_signal(signal.SIGTERM)
            return worker.wait(_WAIT_SECONDS), said


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    values = settings() | TOO_LARGE
    with Cluster() as cluster:
        places = places_on(cluster)
        wal = places["/srv/wal"]
        subprocess.run([*AS_POSTGRES, "mkdir", wal], check=True)
        values["archive_command"] = values["archive_command"].replace("/srv/wal", str(wal))
        # As a file in conf.d; what stands on a command line could not be taken out again.
        lines = "".join(f"{name} = '{value}'\n" for name, value in values.items())
        with (cluster.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(lines)
        cluster.stop()
        cluster.start()
        found = {str(name): value for name, value in cluster.execute("SELECT name, setting FROM pg_settings")}
        assert values.keys() <= found.keys()
        assert (found["wal_level"], found["archive_command"]) == ("replica", values["archive_command"])
        (tmp_path / "profiles.toml").touch()
        yield Ground(cluster, tmp_path)


def lines_with(*words: str) -> list[str]:
    found = [line for line in shell_lines() if any(word in line for word in words)]
    assert found, words
    return found


@pytest.mark.system
def test_from_nothing_to_a_back_up_and_back_as_the_page_says(ground: Ground) -> None:
    create, rename, again, restore = lines_with("createdb", "RENAME", "pg_restore")[:4]
    assert create == again
    ground.type(*lines_with("createuser"), create)
    assert ground.work()[0] == ExitCode.DONE
    sql = "".join(blocks("sql"))
    ground.type(f"psql --set=ON_ERROR_STOP=1 --dbname='{ADDRESS}' --command={shlex.quote(sql)}")
    ground.type(*lines_with("pg_dump "))
    assert ground.work()[0] == ExitCode.DONE

    ground.type(rename, again, restore)
    check_that_it_is_refused_until_it_is_said(ground)


@pytest.mark.system
def test_back_to_a_moment_with_a_base_backup_and_the_archive_as_the_page_says(ground: Ground) -> None:
    ground.type(*lines_with("createuser"), lines_with("createdb")[0])
    ground.type(*lines_with("pg_basebackup"))
    assert ground.work()[0] == ExitCode.DONE
    ((moment,),) = ground.cluster.execute("SELECT clock_timestamp()")
    assert ground.work()[0] == ExitCode.DONE
    ((last, _),) = ground.cluster.execute("SELECT pg_walfile_name(pg_current_wal_lsn()), pg_switch_wal()")
    wait_until((places_on(ground.cluster)["/srv/wal"] / str(last)).exists, "the last log is kept")

    stop, start = lines_with("systemctl stop postgresql", "systemctl start postgresql")
    steps = shell_lines()
    for line in steps[steps.index(stop) : steps.index(start) + 1]:
        if line in (stop, start):
            (ground.cluster.stop if line == stop else ground.cluster.start)()
        else:
            ground.type(line.replace("2026-11-28 07:30:00+01", str(moment)))
    wait_until(lambda: ground.cluster.execute("SELECT pg_is_in_recovery()") == [(False,)], "it is restored")
    check_that_it_is_refused_until_it_is_said(ground)


def check_that_it_is_refused_until_it_is_said(ground: Ground) -> None:
    code, said = ground.work()
    assert code == ExitCode.JOURNAL, said
    assert "is an older copy of the one that was worked with" in said
    (restored,) = lines_with("almascan journal restored")
    ground.type(f"{restored} --yes")
    code, said = ground.work()
    assert code == ExitCode.DONE, said
