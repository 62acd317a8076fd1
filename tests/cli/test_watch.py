"""The drop folder: each file once, whatever happens, and told to whoever wants to know."""

import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.report.samples import a_run
from tests.security.samples import harmful

from almascan.cli import almascan
from almascan.errors import ExitCode
from almascan.journal import Journal
from almascan.model import Outcome
from almascan.notice import tell
from almascan.simulator import Simulator, SimulatorConfig


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0)) as running:
        yield running


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def watch(simulator: Simulator, drop: Path, *arguments: str, key: str | None = None) -> Any:
    environment = {
        "ALMASCAN_BASE_URL": simulator.base_url,
        "ALMASCAN_API_KEY": simulator.keys["full"] if key is None else key,
        "ALMASCAN_LIBRARY": simulator.library,
        "ALMASCAN_CIRC_DESK": simulator.circ_desk,
        "ALMASCAN_JOURNAL": str(drop.parent / "journal.db"),
        "ALMASCAN_RATE": "300",
    }
    options = ["watch", str(drop), "--once", "--quiet-seconds", "0", *arguments]
    return CliRunner().invoke(almascan, options, env=environment)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_list_that_is_done_and_one_that_needs_a_person_are_put_apart_with_their_reports(
    simulator: Simulator, drop: Path
) -> None:
    (drop / "good.txt").write_text("\n".join(simulator.barcodes("in_transit", 5)))
    (drop / "mixed.txt").write_text("\n".join([*simulator.barcodes("on_loan", 2), "nowhere"]))
    (drop / "broken.pdf").write_bytes(b"%PDF-1.7 nothing to scan")
    result = watch(simulator, drop)
    assert result.exit_code == 0, result.output
    assert names(drop / "done") == {"good.txt", "good.txt.report.html", "good.txt.report.xlsx"}
    assert {"mixed.txt", "mixed.txt.report.xlsx", "broken.pdf", "broken.pdf.txt"} <= names(drop / "needs-attention")
    assert names(drop / "working") == set()
    assert set(simulator.scans().values()) == {1}


def test_a_file_of_the_same_name_is_kept_beside_the_first(simulator: Simulator, drop: Path) -> None:
    one, other = simulator.barcodes("in_transit", 2)
    for barcode in (one, other):
        (drop / "truck.txt").write_text(barcode)
        assert watch(simulator, drop).exit_code == 0
    assert len([name for name in names(drop / "done") if name.endswith(".txt")]) == 2
    assert simulator.scans() == {one: 1, other: 1}


def test_a_file_that_a_dead_process_left_is_gone_on_with(simulator: Simulator, drop: Path) -> None:
    barcodes = simulator.barcodes("in_transit", 6)
    (drop / "truck.txt").write_text("\n".join(barcodes))
    assert watch(simulator, drop).exit_code == 0
    done = drop / "done" / "truck.txt"
    done.rename(drop / "working" / "truck.txt")
    assert watch(simulator, drop).exit_code == 0
    journal = Journal(drop.parent / "journal.db")
    assert len(journal.runs()) == 1
    journal.close()
    assert set(simulator.scans().values()) == {1}


pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise imports it


class Receiver(http.server.BaseHTTPRequestHandler):
    """A webhook that keeps what it is told."""

    told: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def test_a_webhook_is_told_how_it_ended(simulator: Simulator, drop: Path) -> None:
    Receiver.told = []
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (drop / "good.txt").write_text("\n".join(simulator.barcodes("in_transit", 5)))
        result = watch(simulator, drop, "--notify", f"json://127.0.0.1:{server.server_port}/")
        server.shutdown()
    assert result.exit_code == 0, result.output
    (message,) = Receiver.told
    assert "finished: good.txt" in message["title"]
    assert "in-place: 5" in message["message"]


def test_an_address_that_nobody_can_be_told_at_is_refused_before_any_work(simulator: Simulator, drop: Path) -> None:
    (drop / "good.txt").write_text("\n".join(simulator.barcodes("in_transit", 1)))
    result = watch(simulator, drop, "--notify", "nonsense://x")
    assert result.exit_code == 2
    assert "--notify" in result.output
    assert simulator.scans() == {}


def test_a_key_that_alma_refuses_ends_the_watch_with_the_key_s_exit_code(simulator: Simulator, drop: Path) -> None:
    (drop / "good.txt").write_text("\n".join(simulator.barcodes("in_transit", 1)))
    result = watch(simulator, drop, key="l8xxwrong")
    assert result.exit_code == ExitCode.KEY, result.output
    assert names(drop / "working") == {"good.txt"}
    assert watch(simulator, drop).exit_code == ExitCode.DONE
    assert names(drop / "done") >= {"good.txt"}


def test_without_a_key_no_file_is_taken(simulator: Simulator, drop: Path) -> None:
    (drop / "good.txt").write_text("\n".join(simulator.barcodes("in_transit", 1)))
    assert watch(simulator, drop, key="").exit_code == ExitCode.KEY
    assert names(drop) == {"good.txt"}


def test_a_list_that_names_an_unknown_desk_does_not_hold_the_others_up(simulator: Simulator, drop: Path) -> None:
    one, other = simulator.barcodes("in_transit", 2)
    (drop / "a.csv").write_text(f"barcode,library,desk\n{one},MAIN,NOWHERE\n")
    (drop / "b.txt").write_text(other)
    result = watch(simulator, drop)
    assert result.exit_code == ExitCode.DONE, result.output
    assert names(drop / "needs-attention") == {"a.csv", "a.csv.txt"}
    assert "NOWHERE" in (drop / "needs-attention" / "a.csv.txt").read_text()
    assert simulator.scans() == {other: 1}


@pytest.mark.skipif(os.name != "posix", reason="Windows allows no such names")
def test_a_file_s_name_does_no_harm_where_it_is_shown_told_and_reported(simulator: Simulator, drop: Path) -> None:
    Receiver.told = []
    name = "\x1b]0;owned\x07<img src=x>\n\u202egood.txt"
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (drop / name).write_text("\n".join(simulator.barcodes("in_transit", 1)))
        result = watch(simulator, drop, "--progress", "plain", "--notify", f"json://127.0.0.1:{server.server_port}/")
        server.shutdown()
    assert result.exit_code == 0, result.output
    (message,) = Receiver.told
    assert not harmful(result.output + message["title"] + message["message"])
    assert "\n" not in message["title"]
    assert "<img" not in (drop / "done" / f"{name}.report.html").read_text()


def test_a_run_s_reason_is_no_mark_up_in_a_mail() -> None:
    Receiver.told = []
    run = a_run(reason="<b>It stopped.</b>")
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert tell([f"json://127.0.0.1:{server.server_port}/?format=html"], run, {Outcome.IN_PLACE: 1})
        server.shutdown()
    (message,) = Receiver.told
    assert "It&nbsp;stopped." in message["message"].replace(" ", "&nbsp;")
    assert "<b>" not in message["message"]
