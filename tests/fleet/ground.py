"""The trial ground: a simulated Alma of many institutions, a journal on PostgreSQL, and workers as processes.

``verdict`` says what became of it all: what was scanned twice or lost, whether two workers were ever at work for one
institution, and whether anybody went above an institution's rate.
"""

import asyncio
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from bench.simulated import Simulated, run_simulator
from tests.fleet.network import Network
from tests.fleet.verdict import (
    Tenure,
    Verdict,
    busiest_second,
    by_institution,
    count_lost,
    count_together,
    find_departures,
    longest_pause,
)
from tests.fleet.workers import Member, Place, Worker
from tests.postgres import Cluster, Pair, database
from tests.waiting import wait_until

from almascan.alma import Alma, Pacer
from almascan.journal import Journal
from almascan.lists import ListOptions, open_list
from almascan.model import Desk, Order
from almascan.progress import reporter_for
from almascan.run import Runner
from almascan.stop import Stop

SETTLE_SECONDS = 5.0

_LATE = "SELECT DISTINCT pid FROM rows JOIN events USING (run, row) WHERE kind = 'lost'"
"""The items of which it was not known at first whether they were scanned."""

_OTHERS = """SELECT institution, barcode, outcome, note FROM rows JOIN runs ON runs.id = rows.run
WHERE outcome <> 'in-place'"""

_KEEP_TENURES = """
CREATE SCHEMA trial;
CREATE TABLE trial.tenures (institution text, at double precision, holder text);
CREATE FUNCTION trial.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trial.tenures VALUES (NEW.institution, extract(epoch FROM clock_timestamp()), NEW.holder);
    RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER UPDATE OF epoch ON leases FOR EACH ROW
WHEN (OLD.epoch <> NEW.epoch) EXECUTE FUNCTION trial.keep();
"""
"""Has the database keep who was given each lease, and when."""
_POLL_SECONDS = 0.1
"""A look asks the journal's database, which the workers need."""


class Sizes(NamedTuple):
    """How large a ground is.

    Attributes:
        institutions: How many there are.
        items: Items of each; two in five are in transit, and there to be scanned.
        per_second: Requests that Alma allows each institution in any second; more are refused.
        latency_ms: How long an answer takes.
    """

    institutions: int = 3
    items: int = 5000
    per_second: int = 60
    latency_ms: int = 30


class Ground:
    """A fleet's surroundings; ``ground`` makes one.

    Args:
        cluster: The PostgreSQL server.
        place: Where workers find what they need.
        simulated: The simulated Alma.
        sizes: How large it is.

    Attributes:
        members: The institutions.
        workers: The workers that it has or had.
    """

    def __init__(self, cluster: Cluster, place: Place, simulated: Simulated, sizes: Sizes, ways: ExitStack) -> None:
        self.cluster = cluster
        self.place = place
        self.simulated = simulated
        self.sizes = sizes
        institutions = simulated.ready["institutions"]
        self.members = [Member(each["code"], each["keys"]["full"]) for each in institutions]
        self._keys = {key: str(each["code"]) for each in institutions for key in each["keys"].values()}
        self.workers: list[Worker] = []
        self._ways = ways
        self._database = place.journal.rpartition("/")[2]
        self._submitted: dict[str, list[str]] = {member.code: [] for member in self.members}

    # Workers

    def start_worker(
        self,
        name: str,
        *options: str,
        members: Sequence[Member] | None = None,
        is_relayed: bool = True,
        has_network: bool = False,
    ) -> Worker:
        """Start a worker that knows some of the institutions, by default all.

        Args:
            name: Its name.
            options: More options of ``almascan worker``.
            members: The institutions that it knows.
            is_relayed: Whether its ways to the database and to Alma can be cut, and what it asks of Alma is seen.
            has_network: Whether it has a network of its own, where packets can be lost.
        """
        known = self.members if members is None else members
        network = Network(len(self.workers) + 1) if has_network else None
        worker = Worker(name, self.place, known, *options, is_relayed=is_relayed, network=network)
        self._ways.enter_context(worker)
        self.workers.append(worker)
        worker.start()
        return worker

    def keep_up(self) -> None:
        """Start workers again that have left by themselves, as a supervisor does."""
        for worker in self.workers:
            worker.keep_up()

    def say(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Give a command of almascan on the fleet's journal, as a person does who knows every institution."""
        with Worker(f"person-{time.monotonic_ns()}", self.place, self.members, is_relayed=False) as person:
            return subprocess.run(
                [sys.executable, "-m", "almascan", *arguments, "--journal", self.place.journal],
                env=person.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

    # Runs

    def submit(self, member: Member, rows: int, **order: Any) -> int:
        """Put a run of barcodes that no other run has into the queue.

        Args:
            member: The institution.
            rows: How many barcodes.
            order: Fields of its order that are to be different.

        Returns:
            The run's id.
        """
        barcodes = self.take_barcodes(member, rows)
        return asyncio.run(self._queue(member, barcodes, order))

    def take_barcodes(self, member: Member, rows: int) -> list[str]:
        """Give barcodes of items in transit that were not given before, and expect each to be scanned once."""
        taken = self._submitted[member.code]
        # Those that were scanned since are in transit no more.
        given = set(taken)
        listed = self.simulated.barcodes(len(taken) + rows, institution=member.code)
        barcodes = [each for each in listed if each not in given][:rows]
        assert len(barcodes) == rows, f"{self.sizes.items} items are too few for {len(taken) + rows} rows"
        taken += barcodes
        return barcodes

    async def _queue(self, member: Member, barcodes: Iterable[str], changes: dict[str, Any]) -> int:
        usual: dict[str, Any] = {"per_minute": 0, "keep_calls": 0, "settle_seconds": SETTLE_SECONDS}
        order = {"rate": float(self.sizes.per_second)} | usual | changes
        desk = Desk(self.place.library, self.place.circ_desk)
        journal = Journal(self.place.journal)
        try:
            async with Alma(self.place.base_url, member.key, pacer=Pacer(order["rate"])) as alma:
                runner = Runner(alma, journal, reporter_for("none", sys.stderr), stop=Stop())
                with open_list("-", ListOptions(), io.BytesIO("\n".join(barcodes).encode())) as listing:
                    run = await runner.queue(listing, Order(desk, **order))
        finally:
            journal.close()
        assert run is not None
        return run.id

    # Looking

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the journal's database; past the workers' ways to it."""
        return self.cluster.execute(query, self._database)

    def terminate_sessions(self) -> int:
        """End every session of the journal's database; give how many there were."""
        return self.cluster.terminate_sessions(self._database)

    def fail_over(self) -> None:
        """Kill the database server of a pair, and lead the workers to the standby that takes its place."""
        assert isinstance(self.cluster, Pair)
        self.cluster.fail_over()
        for worker in self.workers:
            worker.database.lead_to(self.cluster.port)

    def scans(self, member: Member) -> int:
        """Count the scans that an institution's Alma has applied."""
        scans: int = self.simulated.stats(institution=member.code)["scans"]
        return scans

    def all_scans(self) -> int:
        """Count the scans of all institutions."""
        return sum(map(self.scans, self.members))

    def holders(self) -> dict[str, str]:
        """Say which worker has which institution's lease now."""
        held = self.ask("SELECT institution, holder FROM leases WHERE left_at IS NULL")
        return {str(institution): self._name(holder) for institution, holder in held}

    def _name(self, holder: str) -> str:
        return next((worker.name for worker in self.workers if worker.is_meant(holder)), holder)

    def is_through(self) -> bool:
        """Whether every row has its answer, or waits until it is known what became of its scan."""
        with suppress(psycopg.OperationalError):
            return not self.ask("SELECT 1 FROM rows WHERE outcome IS NULL AND state <> 'unclear' LIMIT 1")
        return False

    def is_finished(self) -> bool:
        """Whether every run is finished."""
        with suppress(psycopg.OperationalError):
            return not self.ask("SELECT 1 FROM runs WHERE state <> 'finished' LIMIT 1")
        return False

    def wait_until(self, is_so: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait for something; give how long it took, in seconds.

        Raises:
            TimeoutError: It took longer; the message holds the end of every worker's log.
        """
        try:
            return wait_until(is_so, what, seconds, every_seconds=_POLL_SECONDS)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.tell()}") from None

    def wait_until_through(self, seconds: float = 90.0) -> float:
        """Wait until every row has its answer or waits for its time, and start workers again that leave meanwhile."""

        def is_through() -> bool:
            self.keep_up()
            return self.is_through()

        return self.wait_until(is_through, seconds, "all rows through")

    def wait_for_scans(self, member: Member, more: int = 1, seconds: float = 30.0) -> float:
        """Wait until an institution has so many scans more than now; give how long it took."""
        wanted = self.scans(member) + more
        return self.wait_until(lambda: self.scans(member) >= wanted, seconds, f"{more} more scans of {member.code}")

    def tell(self) -> str:
        """Tell how the runs stand and what the workers wrote last."""
        parts = []
        with suppress(psycopg.OperationalError):
            parts += [str(row) for row in self.ask("SELECT id, institution, state, in_queue, reason FROM runs")]
            parts += [str(row) for row in self.ask("SELECT run, state, outcome, count(*) FROM rows GROUP BY 1, 2, 3")]
        return "\n".join([*parts, *(f"--- {worker.name}\n{worker.tell()}" for worker in self.workers)])

    def other_key(self, member: Member) -> Member:
        """Give an institution with another key, which may scan as well."""
        found = next(each for each in self.simulated.ready["institutions"] if each["code"] == member.code)
        return Member(member.code, found["keys"]["bibs_conf_read"])

    def verdict(self) -> Verdict:
        """Say what became of it all."""
        scans = {(member.code, each): times for member in self.members for each, times in self._count(member).items()}
        answers = self.ask("SELECT institution, barcode, outcome FROM rows JOIN runs ON runs.id = rows.run")
        submitted = {(code, barcode) for code, barcodes in self._submitted.items() for barcode in barcodes}
        taken = self.ask("SELECT institution, at, holder FROM trial.tenures ORDER BY at")
        tenures = [Tenure(code, at, self._name(holder)) for code, at, holder in taken]
        late = {pid for (pid,) in self.ask(_LATE)}
        stats = [self.simulated.stats(institution=member.code) for member in self.members]
        requests, refused = (sum(each[name] for each in stats) for name in ("requests", "refused"))
        witnesses = {worker.name: worker.witness.sightings for worker in self.workers}
        gone = {worker.name: worker.went_away for worker in self.workers}
        seen = by_institution(witnesses, self._keys)
        return Verdict(
            rows=len(submitted),
            scans=sum(scans.values()),
            doubles=sum(times > 1 for times in scans.values()),
            lost=count_lost(submitted, {(code, barcode): answer for code, barcode, answer in answers}, scans),
            unclear=sum(answer is None for *_, answer in answers),
            together=count_together(seen, tenures),
            refused=refused,
            refused_percent=100 * refused / max(1, requests),
            longest_pause_seconds=longest_pause(seen, late, find_departures(tenures, gone)),
            other_answers=tuple(f"{code} {barcode}: {said}. {note}" for code, barcode, said, note in self.ask(_OTHERS)),
            busiest=tuple(f"{code} {busiest_second(each)}" for code, each in sorted(seen.items())),
        )

    def _count(self, member: Member) -> dict[str, int]:
        counts: dict[str, int] = json.loads(self.simulated.ask("counts", institution=member.code))
        return counts


@contextmanager
def ground(cluster: Cluster, folder: Path, sizes: Sizes | None = None, *options: str) -> Iterator[Ground]:
    """Give a trial ground, and end all that it began.

    Args:
        cluster: The PostgreSQL server.
        folder: Where files are kept; a new one.
        sizes: How large it is.
        options: More options of ``almascan simulator``.
    """
    sizes = sizes or Sizes()
    limits = {
        "--institutions": sizes.institutions,
        "--items": sizes.items,
        "--per-second": sizes.per_second,
        "--latency-ms": sizes.latency_ms,
    }
    words = [word for option, value in limits.items() for word in (option, str(value))]
    folder.mkdir(parents=True, exist_ok=True)
    with database(cluster) as address, run_simulator(*words, *options) as simulated, ExitStack() as ways:
        Journal(address).close()
        cluster.execute(_KEEP_TENURES, address.rpartition("/")[2])
        ready = simulated.ready
        place = Place(folder, address, simulated.base_url, str(ready["library"]), str(ready["circ_desk"]))
        yield Ground(cluster, place, simulated, sizes, ways)
