"""Loses every packet between one worker and the database, and between another and Alma, and prints what became of it.

    unshare --net python -m tests.fleet.lost_packets FOLDER

A third worker takes over from the first. It must have a network of its own (``tests.fleet.network``).
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.fleet import network
from tests.fleet.ground import Ground, Sizes, ground
from tests.fleet.workers import Worker
from tests.postgres import Cluster

RATE = 50.0
ROWS = 400
STARTED_SCANS = 20
SOON_SECONDS = 0.5
LEASE_SECONDS = 12.0
WITHOUT_ALMA_SECONDS = 6.0
WITHOUT_DATABASE_SECONDS = 22.0
"""Longer than a lease lasts, and than who takes it over waits."""
THROUGH_SECONDS = 90.0


def main(folder: Path) -> None:
    network.prepare()
    with Cluster() as cluster, ground(cluster, folder / "ground", Sizes(institutions=2)) as made:
        seen = _lose_and_mend(made)
        made.wait_until_through(THROUGH_SECONDS)
        verdict = made.verdict()
        seen |= {name: getattr(verdict, name) for name in ("rows", "scans", "doubles", "lost", "unclear", "together")}
        seen |= {"others": verdict.other_answers, "blind_works_again": _works_again(made)}
    print(json.dumps(seen))  # noqa: T201 - its result


def _lose_and_mend(made: Ground) -> dict[str, Any]:
    """Have one worker lose the database and another Alma, until a third has taken over; give what they did."""
    blind, mute = (
        made.start_worker(f"w{number}", members=[member], has_network=True)
        for number, member in enumerate(made.members, start=1)
    )
    for member in made.members:
        made.submit(member, ROWS, rate=RATE)
    for member in made.members:
        made.wait_for_scans(member, STARTED_SCANS)
    heir = made.start_worker("w3", has_network=True)
    assert blind.network is not None
    assert mute.network is not None
    blind.network.database.lose()
    mute.network.alma.lose()
    began = time.time()
    _pass(made, began + WITHOUT_ALMA_SECONDS)
    mended = time.time()
    mute.network.alma.mend()
    taken_over = made.wait_until(lambda: any(each.pid for each in heir.witness.sightings), 30, "the heir at work")
    _pass(made, began + WITHOUT_DATABASE_SECONDS)
    late = time.time()
    blind.network.database.mend()
    made.wait_until(lambda: _sent(mute, mended, time.time()) > 0, 30, "Alma asked again")
    return {
        "mute_sent": _sent(mute, began + SOON_SECONDS, mended),
        "blind_sent": _sent(blind, began + LEASE_SECONDS, late),
        "heir_after_seconds": mended - began + taken_over,
    }


def _sent(worker: Worker, since: float, until: float) -> int:
    """Count what came from a worker to Alma between two moments, in seconds since 1970."""
    return sum(since < each.at < until for each in worker.witness.sightings)


def _works_again(made: Ground) -> bool:
    """Whether the first worker takes a run when the others have left."""
    blind, *others = made.workers
    for worker in others:
        worker.ask_to_leave()
        worker.wait()
    now = time.time()
    made.submit(made.members[0], STARTED_SCANS)
    made.wait_until_through(THROUGH_SECONDS)
    return _sent(blind, now, time.time()) >= STARTED_SCANS


def _pass(made: Ground, until: float) -> None:
    """Let time pass until a moment, in seconds since 1970; workers that leave are started again."""
    while time.time() < until:
        made.keep_up()
        time.sleep(0.1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
