"""The key is in the Authorization header of requests to Alma, and nowhere else: not sent, printed, kept or passed on."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.security.servers import Echoes, naming_another, relayed
from tests.security.workplace import MARKED, Workplace, listening

from almascan.errors import ExitCode
from almascan.simulator import Simulator, SimulatorConfig

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals, limits and /proc are POSIX's")


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0)) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


def check_heads(heads: list[str], key: str, host: str) -> None:
    """Check that each request went to the host and held the key once, in its Authorization header."""
    assert heads
    for head in heads:
        assert re.findall(r"^Authorization: (.*?)\r?$", head, re.MULTILINE | re.IGNORECASE) == [f"apikey {key}"]
        assert re.findall(r"^Host: (.*?)\r?$", head, re.MULTILINE | re.IGNORECASE) == [host]
        assert head.count(key) == 1


def test_the_key_is_sent_in_the_authorization_header_alone(simulator: Simulator, tmp_path: Path) -> None:
    key = simulator.keys["full"]
    with relayed(simulator.base_url) as (address, relay):
        place = Workplace(tmp_path, address, key)
        listed = place.write([*simulator.barcodes("in_transit", 3), *simulator.barcodes("requested", 2)])
        for command in (
            ("check",),
            ("desks",),
            ("plan", listed),
            ("resume",),
            ("scan", listed, "--yes", "--locate", "set"),
            ("plan", "--set", "none"),
        ):
            place.say(*command)
    assert sum(simulator.scans().values()) == 3
    heads = relay.requests()
    check_heads(heads, key, f"127.0.0.1:{relay.server_address[1]}")
    assert b"".join(relay.sent).count(key.encode()) == len(heads), "nor in any body"


def test_no_link_member_token_or_redirect_takes_the_key_to_another_host(tmp_path: Path) -> None:
    with listening() as (address, received), naming_another(address.removesuffix("/items")) as (base_url, heads):
        place = Workplace(tmp_path, base_url, MARKED)
        place.environment |= {"ALMASCAN_CIRC_DESK": "DESK"}
        printed = ""
        for command in (
            ("check",),
            ("desks",),
            ("plan", "--barcodes", "301"),
            ("scan", "--barcodes", "301", "--yes", "--recipe", "any"),
            ("scan", "--set", "1", "--yes", "--recipe", "any"),
            ("scan", "--barcodes", "301", "--yes", "--locate", "set"),
        ):
            printed += place.say(*command)
        place.say_apart("plan", "--analytics", "/shared/report", seconds=2)
    assert received == []
    assert {head.split()[1].split("?")[0].removeprefix("/almaws/v1") for head in heads} >= {
        "/items",
        "/conf/sets/1/members",
    }
    check_heads(heads, MARKED, base_url.removeprefix("http://").removesuffix("/almaws/v1"))
    assert MARKED not in printed
    assert MARKED.encode() not in place.everything()


def test_an_alma_that_says_the_key_back_has_it_neither_kept_nor_shown(tmp_path: Path) -> None:
    with naming_another("http://127.0.0.1:9", Echoes) as (base_url, _):
        place = Workplace(tmp_path, base_url, MARKED)
        place.environment |= {"ALMASCAN_CIRC_DESK": "DESK"}
        printed = place.say("plan", "--barcodes", "301") + place.say("show", "1", "1")
    assert "Refused: " in printed
    place.report()
    check_nothing(place, printed, MARKED)


def test_a_proxy_is_asked_for_a_tunnel_without_the_key(tmp_path: Path) -> None:
    with listening() as (address, received):
        place = Workplace(tmp_path, "eu", MARKED)
        proxy = address.removesuffix("/almaws/v1/items")
        printed = place.say("check", HTTPS_PROXY=proxy, https_proxy=proxy, NO_PROXY="", no_proxy="")
    assert received
    assert all(request.startswith(b"CONNECT api-eu.hosted.exlibrisgroup.com:443 ") for request in received)
    assert MARKED.encode() not in b"".join(received)
    assert "almascan: " in printed
    assert MARKED not in printed


def check_nothing(place: Workplace, printed: str, key: str) -> None:
    assert printed
    assert key not in printed
    assert key.encode() not in place.everything()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "status": 403, "body_format": "json", "code": "FORBIDDEN"},
        {"kind": "error", "status": 500, "body_format": "xml"},
        {"kind": "truncate"},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}",
)
def test_no_command_shows_or_keeps_the_key_whatever_comes_instead_of_an_answer(
    simulator: Simulator, tmp_path: Path, fault: dict[str, object]
) -> None:
    place = Workplace(tmp_path, simulator.base_url, simulator.keys["full"])
    place.say("plan", place.write(simulator.barcodes("in_transit", 1)))
    simulator.add_fault(operation="any", times=0, **fault)  # type: ignore[arg-type]
    for command in ("check", "resume", "desks"):
        check_nothing(place, place.say(command), simulator.keys["full"])


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x00\x01", b"Title\nOne\n", b"PK\x03\x04 no workbook"])
def test_a_list_of_no_use_shows_no_key(simulator: Simulator, tmp_path: Path, content: bytes) -> None:
    place = Workplace(tmp_path, simulator.base_url, simulator.keys["full"])
    (tmp_path / "bad.xlsx").write_bytes(content)
    check_nothing(place, place.say("scan", str(tmp_path / "bad.xlsx"), "--yes"), simulator.keys["full"])


@posix_only
def test_a_full_disk_shows_no_key_and_writes_none(simulator: Simulator, tmp_path: Path) -> None:
    key = simulator.keys["full"]
    place = Workplace(tmp_path, simulator.base_url, key)
    place.write(simulator.barcodes("in_transit", 300))
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); from almascan.__main__ import main; main()"
    place.say("plan", place.write(simulator.barcodes("in_transit", 1), "short.txt"))
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", limited, *place.arguments_of("scan")],
        env=os.environ | place.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == ExitCode.JOURNAL, ended.stderr
    check_nothing(place, ended.stdout + ended.stderr, key)
    printed = place.say("report", "--format", "html", "--output", "/dev/full")
    assert "No space left" in printed or not Path("/dev/full").exists()
    check_nothing(place, printed, key)


@posix_only
def test_ctrl_c_shows_no_key(simulator: Simulator, tmp_path: Path) -> None:
    key = simulator.keys["full"]
    place = Workplace(tmp_path, simulator.base_url, key)
    place.environment |= {"ALMASCAN_RATE": "20", "ALMASCAN_PROGRESS": "plain"}
    place.write(simulator.barcodes("in_transit", 200))
    printed = place.say_apart(*place.arguments_of("scan"), until=": 200 rows", interrupts=2)
    assert "Finishing what is in flight" in printed
    check_nothing(place, printed, key)


@posix_only
def test_no_process_has_the_key_on_its_command_line_or_starts_another(simulator: Simulator, tmp_path: Path) -> None:
    key = simulator.keys["full"]
    place = Workplace(tmp_path, simulator.base_url, key)
    place.environment |= {"ALMASCAN_RATE": "20"}
    place.write(simulator.barcodes("in_transit", 50))
    process = subprocess.Popen(
        [sys.executable, "-m", "almascan", *place.arguments_of("scan")],
        env=os.environ | place.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        proc = Path(f"/proc/{process.pid}")
        if not proc.exists():
            pytest.skip("there is no /proc here")
        while not simulator.scans():
            assert process.poll() is None
        assert key.encode() not in (proc / "cmdline").read_bytes()
        children = [path.read_text() for path in proc.glob("task/*/children")]
        assert "".join(children).strip() == ""
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise imports it
def test_whoever_is_told_how_it_ended_gets_no_key(simulator: Simulator, tmp_path: Path) -> None:
    key = simulator.keys["full"]
    place = Workplace(tmp_path, simulator.base_url, key)
    listed = place.write(simulator.barcodes("in_transit", 2))
    with listening() as (address, received):
        port = address.rpartition(":")[2].partition("/")[0]
        printed = place.say("scan", listed, "--yes", "--notify", f"json://127.0.0.1:{port}/")
    assert received
    assert key.encode() not in b"".join(received)
    check_nothing(place, printed, key)


@pytest.mark.parametrize(
    ("command", "until"), [(("simulator", "--port", "0", "--items", "1000"), "curl"), (("demo",), "First a look")]
)
def test_a_person_s_own_key_plays_no_part_in_the_simulator(
    tmp_path: Path, command: tuple[str, ...], until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Workplace(tmp_path, "eu", MARKED)
    check_nothing(place, place.say_apart(*command, until=until), MARKED)
