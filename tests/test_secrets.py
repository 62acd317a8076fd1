"""The key and patrons' names are in nothing that is printed, written or kept, whatever goes wrong."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from almascan.cli import COMMANDS
from almascan.simulator import Simulator, SimulatorConfig

MARKED = "l8xxMARKEDKEYmustnotbeseen"
TALKING = ("scan", "plan", "resume", "retry", "check", "desks", "watch")
QUIET = ("settle", "pause", "cancel", "runs", "show", "report", "recipes", "profiles")
OF_ITS_OWN = ("simulator", "demo")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0)) as running:
        yield running


def run(folder: Path, base_url: str, key: str, *arguments: str) -> str:
    """Run a command with everything that makes it talk; give all that it printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ALMASCAN_")}
    environment = own | {
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
    }
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "almascan", *arguments],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.stdout.decode(errors="replace")


def everything_in(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def arguments_of(command: str, folder: Path) -> list[str]:
    (folder / "drop").mkdir(exist_ok=True)
    (folder / "drop" / "dropped.txt").write_text("30121135336896\n")
    extra = {
        "scan": ["list.txt", "--yes"],
        "plan": ["list.txt"],
        "resume": ["1"],
        "retry": ["1"],
        "watch": ["drop", "--once", "--quiet-seconds", "3600"],
    }
    return [command, *extra.get(command, [])]


def test_every_command_is_thought_of() -> None:
    assert set(COMMANDS) == {*TALKING, *QUIET, *OF_ITS_OWN}


@pytest.mark.parametrize("command", TALKING)
def test_a_wrong_key_is_never_shown_nor_kept(simulator: Simulator, tmp_path: Path, command: str) -> None:
    (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", 3)) + "\n")
    run(tmp_path, simulator.base_url, simulator.keys["full"], "plan", "list.txt")
    output = run(tmp_path, simulator.base_url, MARKED, *arguments_of(command, tmp_path))
    assert command == "watch" or "key" in output
    assert MARKED not in output
    assert MARKED.encode() not in everything_in(tmp_path)


@pytest.mark.parametrize("kind", ["redirect", "drop", "truncate", "mistyped", "error"])
def test_the_right_key_is_never_shown_nor_kept_whatever_alma_answers(
    simulator: Simulator, tmp_path: Path, kind: str
) -> None:
    key = simulator.keys["full"]
    (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", 6)) + "\n")
    for operation in ("test", "find", "read", "scan"):
        simulator.clear_faults()
        simulator.add_fault(kind, operation=operation, times=6, body_format="html", status=502)  # type: ignore[arg-type]
        output = run(tmp_path, simulator.base_url, key, "scan", "list.txt", "--yes")
        assert key not in output
    for kind_of_report in ("csv", "json", "html", "xlsx"):
        run(tmp_path, simulator.base_url, key, "report", "--format", kind_of_report, "--output", f"r.{kind_of_report}")
    assert key.encode() not in everything_in(tmp_path)


def test_an_unreachable_alma_does_not_show_the_key(tmp_path: Path) -> None:
    output = run(tmp_path, "http://127.0.0.1:9/almaws/v1", MARKED, "check")
    assert MARKED not in output


def test_quiet_commands_need_no_key_and_show_none(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\n".join(simulator.barcodes("in_transit", 2)) + "\n")
    key = simulator.keys["full"]
    run(tmp_path, simulator.base_url, key, "scan", "list.txt", "--yes")
    for command in (["runs"], ["show"], ["show", "1", "1"], ["report", "1"], ["recipes"], ["profiles"]):
        assert key not in run(tmp_path, simulator.base_url, key, *command)


def test_no_patron_is_named_in_what_is_kept_or_shown(simulator: Simulator, tmp_path: Path) -> None:
    barcodes = [*simulator.barcodes("requested", 15), *simulator.barcodes("on_loan", 10)]
    (tmp_path / "list.txt").write_text("\n".join(barcodes) + "\n")
    key = simulator.keys["full"]
    answers = b"".join(_scan_answers(simulator, simulator.barcodes("requested", 30)[15:]))
    patrons = set(re.findall(rb"Requester: ([^.]+)\. Requester ID: ([^.]+)\.", answers))
    assert patrons, "the simulator names patrons in its answers"
    output = run(tmp_path, simulator.base_url, key, "scan", "list.txt", "--yes", "--recipe", "any")
    for kind in ("csv", "json", "html", "xlsx"):
        run(tmp_path, simulator.base_url, key, "report", "--format", kind, "--output", f"r.{kind}")
    kept = everything_in(tmp_path) + output.encode()
    names = {word for patron in patrons for word in patron}
    assert b"Requester" not in kept
    assert not [name for name in names if name in kept]


def _scan_answers(simulator: Simulator, barcodes: list[str]) -> Iterator[bytes]:
    import requests  # noqa: PLC0415 - what a naive client would be shown

    for barcode in barcodes:
        mms_id, holding_id, pid = simulator.ids(barcode)
        yield requests.post(
            f"{simulator.base_url}/bibs/{mms_id}/holdings/{holding_id}/items/{pid}",
            params={"op": "scan", "library": "MAIN", "circ_desk": "DEFAULT_CIRC_DESK"},
            headers={"Authorization": f"apikey {simulator.keys['full']}", "Accept": "application/json"},
            timeout=10,
        ).content
