"""The key and patrons' names are in nothing that is printed, written or kept, whatever goes wrong."""

import html
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from almascan.cli import COMMANDS, almascan
from almascan.simulator import Simulator, SimulatorConfig

MARKED = "l8xxMARKEDKEYmustnotbeseen"
TALKING = ("scan", "plan", "resume", "retry", "check", "desks", "watch")
QUIET = ("settle", "pause", "cancel", "runs", "show", "report", "recipes", "profiles")
OF_ITS_OWN = ("simulator", "demo")
CONFIG = SimulatorConfig(items=3000, seed=5, per_second=0)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(CONFIG) as running:
        yield running


class Workplace:
    """A folder in which commands are given, with everything on that makes them talk."""

    def __init__(self, folder: Path, base_url: str, key: str) -> None:
        self.folder = folder
        self.environment = {
            "ALMASCAN_BASE_URL": base_url,
            "ALMASCAN_API_KEY": key,
            "ALMASCAN_LIBRARY": "MAIN",
            "ALMASCAN_CIRC_DESK": "DEFAULT_CIRC_DESK",
            "ALMASCAN_JOURNAL": str(folder / "journal.db"),
            "ALMASCAN_CONFIG": str(folder / "profiles.toml"),
            "ALMASCAN_RATE": "300",
            "ALMASCAN_SETTLE_SECONDS": "0.2",
            "ALMASCAN_DEBUG": "1",
            "PYTHONASYNCIODEBUG": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def write(self, barcodes: Sequence[str], name: str = "list.txt") -> str:
        """Write a list that has lain there for years; give its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(barcodes) + "\n", encoding="utf-8")
        os.utime(path, (1e9, 1e9))
        return str(path)

    def say(self, *arguments: str, **environment: str) -> str:
        """Give a command; give all that it printed."""
        return CliRunner(env=self.environment | environment).invoke(almascan, arguments).output

    def say_apart(self, *arguments: str, until: str | None = None, **environment: str) -> str:
        """Give a command in a process of its own, which is killed once it has printed something."""
        with subprocess.Popen(
            [sys.executable, "-X", "dev", "-u", "-m", "almascan", *arguments],
            env=os.environ | self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            timer = threading.Timer(30, process.kill)
            timer.start()
            printed = ""
            for line in process.stdout or ():
                printed += line
                if until is not None and until in line:
                    process.kill()
            timer.cancel()
        return printed

    def arguments_of(self, command: str) -> tuple[str, ...]:
        """Give what a command needs to talk to Alma."""
        more = {
            "scan": (str(self.folder / "list.txt"), "--yes"),
            "plan": (str(self.folder / "list.txt"),),
            "resume": ("1",),
            "retry": ("1",),
            "watch": (str(self.folder / "drop"), "--once", "--quiet-seconds", "0"),
        }
        return (command, *more.get(command, ()))

    def report(self) -> None:
        """Write every kind of report."""
        for kind in ("csv", "json", "html", "xlsx"):
            path = self.folder / f"report.{kind}"
            self.say("report", "--format", kind, "--output", str(path))
            assert path.stat().st_size

    def everything(self) -> bytes:
        """Give all that is kept, the parts of workbooks unpacked."""
        kept = []
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            kept.append(path.read_bytes())
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as parts:
                    kept += [parts.read(name) for name in parts.namelist()]
        return b"\n".join(kept)


def full(simulator: Simulator, folder: Path) -> Workplace:
    return Workplace(folder, simulator.base_url, simulator.keys["full"])


def test_every_command_is_thought_of() -> None:
    assert set(COMMANDS) == {*TALKING, *QUIET, *OF_ITS_OWN}


@pytest.mark.parametrize("command", TALKING)
def test_a_wrong_key_is_never_shown_nor_kept(simulator: Simulator, tmp_path: Path, command: str) -> None:
    place = full(simulator, tmp_path)
    listed = place.write(simulator.barcodes("in_transit", 3))
    place.write(simulator.barcodes("in_transit", 3), "drop/dropped.txt")
    place.say("plan", listed)
    # The watch of a folder does not end with an error: it tries again later.
    printed = place.say_apart(*place.arguments_of(command), until="Trying again", ALMASCAN_API_KEY=MARKED)
    assert "key" in printed
    assert MARKED not in printed
    assert MARKED.encode() not in place.everything()


@pytest.mark.parametrize("command", ["scan", "check", "watch"])
def test_an_unreachable_alma_does_not_show_the_key(tmp_path: Path, command: str) -> None:
    place = Workplace(tmp_path, "http://127.0.0.1:9/almaws/v1", MARKED)
    place.write(["30121135336896"])
    place.write(["30121135336896"], "drop/dropped.txt")
    printed = place.say_apart(*place.arguments_of(command), until="Trying again")
    assert "almascan" in printed or "dropped.txt" in printed
    assert MARKED not in printed
    assert MARKED.encode() not in place.everything()


def spoil(simulator: Simulator, barcodes: Sequence[str], kinds: Sequence[Any], **fault: Any) -> None:
    """Have something go wrong with each item: every kind of fault in its look-up, its look and its scan."""
    pairs = [(kind, operation) for kind in kinds for operation in ("find", "read", "scan")]
    for barcode, (kind, operation) in zip(barcodes, pairs, strict=True):
        simulator.add_fault(kind, operation=operation, times=0, items=(barcode, simulator.ids(barcode)[2]), **fault)


def test_the_right_key_is_never_shown_nor_kept_whatever_alma_answers(simulator: Simulator, tmp_path: Path) -> None:
    place, key = full(simulator, tmp_path), simulator.keys["full"]
    *bad, good = simulator.barcodes("in_transit", 13)
    spoil(simulator, bad, ("drop", "truncate", "mistyped", "error"), body_format="html", status=502)
    printed = place.say("scan", place.write([*bad, good]), "--yes")
    assert simulator.scans()[good] == 1
    simulator.add_fault("error", operation="test", times=0, body_format="html", status=502)
    printed += place.say("check")
    place.report()
    assert key not in printed
    assert key.encode() not in place.everything()


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """Be another host: collect what is sent to it, and answer nothing."""
    received: list[bytes] = []
    ended = threading.Event()

    def serve(server: socket.socket) -> None:
        server.settimeout(0.05)
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(1)
                received.append(connection.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/almaws/v1/items", received
        finally:
            ended.set()
            thread.join()


def test_nothing_is_sent_along_a_redirect_to_another_host(simulator: Simulator, tmp_path: Path) -> None:
    place, key = full(simulator, tmp_path), simulator.keys["full"]
    barcodes = simulator.barcodes("in_transit", 3)
    with listening() as (address, received):
        spoil(simulator, barcodes, ["redirect"], location=address)
        printed = place.say("scan", place.write(barcodes), "--yes")
        simulator.add_fault("redirect", operation="test", times=0, location=address)
        printed += place.say("check")
        assert not simulator.scans()
        # The other host does listen: this comes last, and alone.
        with pytest.raises(requests.RequestException):
            requests.post(address, timeout=5)
    assert len(received) == 1
    assert key not in printed
    assert key.encode() not in place.everything()


def test_a_key_from_a_file_is_in_no_other(simulator: Simulator, tmp_path: Path) -> None:
    place, key = full(simulator, tmp_path / "place"), simulator.keys["full"]
    place.folder.mkdir()
    kept = tmp_path / "key"
    kept.write_text(key, encoding="ascii")
    kept.chmod(0o600)
    listed = place.write(simulator.barcodes("in_transit", 3))
    del place.environment["ALMASCAN_API_KEY"]
    printed = place.say("profiles", "add", "main", "--base-url", simulator.base_url, "--key-file", str(kept))
    place.environment["ALMASCAN_PROFILE"] = "main"
    for command in (("profiles",), ("check",), ("scan", listed, "--yes")):
        printed += place.say(*command)
    assert sum(simulator.scans().values()) == 3
    assert key not in printed
    assert key.encode() not in place.everything()


def test_quiet_commands_show_no_key(simulator: Simulator, tmp_path: Path) -> None:
    place, key = full(simulator, tmp_path), simulator.keys["full"]
    place.say("scan", place.write(simulator.barcodes("in_transit", 2)), "--yes")
    arguments = {
        "show": ("1", "1"),
        "report": ("1",),
        "settle": ("1", "1", "--done"),
        "pause": ("1",),
        "cancel": ("1",),
    }
    for command in QUIET:
        printed = place.say(command, *arguments.get(command, ()))
        assert printed
        assert key not in printed
    assert key.encode() not in place.everything()


def patrons_of(barcodes: Sequence[str]) -> set[str]:
    """Have a twin of the simulated Alma name the patrons of items, as it does when they are scanned."""
    named = set()
    with Simulator(CONFIG) as twin:
        header = {"Authorization": f"apikey {twin.keys['full']}", "Accept": "application/json"}
        where = {"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"}
        for barcode in barcodes:
            mms_id, holding_id, pid = twin.ids(barcode)
            address = f"{twin.base_url}/bibs/{mms_id}/holdings/{holding_id}/items/{pid}"
            said = requests.post(address, params=where, headers=header, timeout=10).json()["additional_info"]
            for name, user_id in re.findall(r"Requester: ([^.]+)\. Requester ID: ([^.]+)\.", said):
                named |= {name, user_id}
    return named


def test_no_patron_is_named_in_what_is_kept_or_shown(simulator: Simulator, tmp_path: Path) -> None:
    place = full(simulator, tmp_path)
    barcodes = simulator.barcodes("requested", 15)
    patrons = patrons_of(barcodes)
    assert len(patrons) >= 20, "a name and an id for each request"
    listed = place.write([*barcodes, *simulator.barcodes("on_loan", 10)])
    printed = place.say("plan", listed) + place.say("scan", listed, "--yes", "--recipe", "any")
    printed += place.say("show", "2", "1") + place.say("show", "2")
    assert sum(simulator.scans().values()) == 25
    place.report()
    kept = place.everything() + printed.encode()
    assert b"Requester" not in kept
    for patron in patrons:
        for written in {patron, html.escape(patron), json.dumps(patron)[1:-1]}:
            word = re.escape(written.encode())
            assert not re.search(rb"(?<![0-9A-Za-z])" + word + rb"(?![0-9A-Za-z])", kept), patron
