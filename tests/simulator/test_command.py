"""``almascan simulator`` as a process."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.waiting import wait_until

COMMAND = (sys.executable, "-W", "error", "-m", "almascan", "simulator")
GROUPS = ("in_transit", "in_place", "on_loan", "requested", "hold_shelf", "missing", "unknown")


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    ready_file = folder / "ready.json"
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--ready-file", str(ready_file), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: ready_file.exists() or process.poll() is not None, "the ready file is there")
        assert process.poll() is None, process.communicate()
        yield process, json.loads(ready_file.read_text(encoding="utf-8"))
    finally:
        process.kill()
        process.communicate()


def test_the_ready_file_is_all_that_another_program_needs(tmp_path: Path) -> None:
    with started(tmp_path, "--items", "1000", "--seed", "3", "--per-second", "0") as (_, ready):
        assert ready["base_url"].endswith("/almaws/v1")
        assert {"full", "read_only"} <= set(ready["keys"])
        for state in GROUPS:
            assert len(ready["barcodes"][state]) >= 20
        headers = {"Authorization": f"apikey {ready['keys']['full']}", "Accept": "application/json"}
        find = {"item_barcode": ready["barcodes"]["in_transit"][0]}
        item = requests.get(f"{ready['base_url']}/items", params=find, headers=headers, timeout=60)
        params = {"op": "scan", "library": ready["library"], "circ_desk": ready["circ_desk"]}
        scanned = requests.post(item.url, params=params, headers=headers, timeout=60)
        assert scanned.json()["item_data"]["base_status"]["value"] == "1"
        params = {"op": "scan", "library": ready["other_library"], "circ_desk": ready["other_circ_desk"]}
        scanned = requests.post(item.url, params=params, headers=headers, timeout=60)
        assert scanned.json()["item_data"]["process_type"]["value"] == "TRANSIT"
        assert list(tmp_path.iterdir()) == [tmp_path / "ready.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path) as (process, ready):
        with requests.Session() as kept:
            kept.get(f"{ready['base_url']}/conf/test", timeout=60)
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
        assert (process.returncode, stderr) == (0, "")
        assert ready["base_url"] in stdout
        assert "/conf/test" not in stdout


def test_a_taken_port_is_one_sentence_and_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert port in ended.stderr


def test_a_ready_file_that_cannot_be_written_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "ready.json"
    command = [*COMMAND, "--port", "0", "--ready-file", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert str(path) in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_catalogue_too_small_for_the_ready_file_is_refused() -> None:
    ended = subprocess.run([*COMMAND, "--items", "10"], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "1000" in ended.stderr
