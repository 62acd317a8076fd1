"""A database server that is lost for good, with a standby that every commit waited for."""

from pathlib import Path

import pytest
from tests.fleet.ground import Sizes, ground
from tests.postgres import Pair

pytestmark = pytest.mark.system

RATE = 50.0
ROWS = 200
STARTED_SCANS = 20
FAILOVERS = 2


def test_workers_go_on_with_the_standby_and_nothing_is_scanned_twice_or_lost(tmp_path: Path) -> None:
    with Pair() as pair, ground(pair, tmp_path / "ground", Sizes(institutions=2)) as made:
        for number in (1, 2):
            made.start_worker(f"w{number}")
        for member in made.members:
            made.submit(member, ROWS, rate=RATE)
        for _ in range(FAILOVERS):
            for member in made.members:
                made.wait_for_scans(member, STARTED_SCANS)
            before = pair.port
            made.fail_over()
            assert pair.port != before
        made.wait_until_through()
        verdict = made.verdict()
    assert verdict.is_good, verdict
    assert verdict.scans + verdict.unclear >= verdict.rows == 2 * ROWS
