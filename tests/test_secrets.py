"""The key and patrons' names are in nothing that is printed, written or kept, whatever goes wrong."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.security.workplace import MARKED, Workplace, listening

from almascan.cli import COMMANDS
from almascan.simulator import Simulator, SimulatorConfig

TALKING = ("scan", "plan", "resume", "retry", "check", "desks", "watch")
QUIET = ("settle", "pause", "cancel", "delete", "runs", "show", "report", "journal", "recipes", "profiles")
OF_ITS_OWN = ("simulator", "demo", "web", "worker", "drain")
"""The first two know no key but the simulator's; the page is tried in tests/web/test_routes.py, the worker in
tests/security/test_fleet_key.py, and drain knows none."""
CONFIG = SimulatorConfig(items=3000, seed=5, per_second=0)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(CONFIG) as running:
        yield running


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
    say = place.say_apart if command in ("scan", "watch") else place.say
    printed = say(*place.arguments_of(command), ALMASCAN_API_KEY=MARKED)
    assert "key" in printed
    assert MARKED not in printed
    assert MARKED.encode() not in place.everything()


@pytest.mark.parametrize("command", ["scan", "resume", "check", "watch"])
def test_an_unreachable_alma_does_not_show_the_key(simulator: Simulator, tmp_path: Path, command: str) -> None:
    full(simulator, tmp_path).say("plan", full(simulator, tmp_path).write(["30121135336896"]))
    place = Workplace(tmp_path, "http://127.0.0.1:9/almaws/v1", MARKED)
    place.write(["30121135336896"], "drop/dropped.txt")
    # The watch of a folder does not end with this error: it tries again later.
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
            requests.post(address, timeout=60)
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
        "journal": ("check",),
        "settle": ("1", "1", "--done"),
        "pause": ("1",),
        "cancel": ("1",),
        "delete": ("1", "--yes"),
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
            said = requests.post(address, params=where, headers=header, timeout=60).json()["additional_info"]
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
