"""Where a key of a fleet's worker is not: in the database, in the log, in the metrics."""

import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fleet.ground import Ground, Sizes, ground
from tests.postgres import Cluster, find_programs

pytestmark = pytest.mark.system

ROWS = 20
_SOON_SECONDS = 20
_SAID = "almascan: the metrics are at "


@pytest.fixture
def one(cluster: Cluster, tmp_path: Path) -> Iterator[Ground]:
    with ground(cluster, tmp_path / "ground", Sizes(institutions=1)) as made:
        yield made


def dump(address: str) -> str:
    program = (find_programs() or Path()) / "pg_dump"
    return subprocess.run([program, f"--dbname={address}"], capture_output=True, text=True, check=True).stdout


def test_a_worker_s_key_is_in_neither_the_database_nor_its_log_nor_its_metrics(one: Ground) -> None:
    (member,) = one.members
    worker = one.start_worker("w1", "--metrics-port", "0", "--log-format", "json")
    worker.put_key(member._replace(key="l8xxwrong"))
    one.submit(member, ROWS)
    one.wait_until(lambda: "does not accept the key" in worker.tell(), _SOON_SECONDS, "the refusal of a wrong key")
    worker.put_key(member)
    one.wait_for_scans(member, 1, _SOON_SECONDS * 5)
    address = next(line for line in worker.tell().splitlines() if line.startswith(_SAID)).removeprefix(_SAID)
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - the worker's own address
        metrics = answer.read().decode()
    one.wait_until_through()

    kept = dump(one.place.journal)
    assert member.code in kept
    assert member.code in metrics
    for place in (kept, metrics, worker.log.read_text(encoding="utf-8")):
        assert member.key not in place
        assert "l8xxwrong" not in place
