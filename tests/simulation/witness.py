"""Somebody who sees every byte that leaves almascan, every answer, and every scan that takes effect; and what must hold.

All that is promised is here, and each promise is checked where it can be broken first.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from almascan.journal import Journal
from almascan.model import FINAL_STATES, STEPS, EventKind, Row, RowState, Run
from almascan.simulator.catalogue import Catalogue

LOOK_LASTS_SECONDS = 30.0
RECORD_LASTS_SECONDS = 5.0
_NOT_YET = frozenset({RowState.NEW, RowState.LOCATED, RowState.READY, RowState.FAILED, RowState.SKIPPED})
_KNOWN = frozenset({"nothing-happened", "settled", "retried", "answered"})
_SENDING = """
SELECT rows.run, rows.row, rows.step, rows.before, json_extract(runs."order", '$.recipe') = 'any'
FROM rows JOIN runs ON runs.id = rows.run WHERE rows.pid = ? AND rows.state = 'sending'
"""


@dataclass
class Seen:
    """What was seen of one row: scans by step and when, whether its item was read since, a person's words."""

    applied: Counter[int] = field(default_factory=Counter)
    applied_at: list[float] = field(default_factory=list)
    read_since: bool = False
    again: int = 0


class Witness:
    """Sees what happens between almascan and the simulated Alma.

    Args:
        path: The journal's file.
        catalogue: The simulated Alma's items.
        now: The true time, in seconds.

    Attributes:
        broken: What was promised and did not hold, in sentences.
        rows: What was seen of each row, by run and row.
    """

    def __init__(self, path: Path, catalogue: Catalogue, now: Callable[[], float]) -> None:
        self.broken: list[str] = []
        self.rows: dict[tuple[int, int], Seen] = {}
        self._catalogue = catalogue
        self._now = now
        self._database = sqlite3.connect(path)
        self._recorded: dict[tuple[int, int], float] = {}
        self._looks: dict[tuple[int, str], tuple[float, str, str]] = {}
        self._sent: dict[tuple[int, str], tuple[int, int, int]] = {}
        self._states: dict[tuple[int, int], RowState] = {}

    def close(self) -> None:
        """Stop reading the journal."""
        self._database.close()

    # What is seen

    def see_record(self, run: int, row: int) -> None:
        """See an intent to scan that is on its way to the disk."""
        self._recorded[run, row] = self._now()

    def see_read(self, caller: int, pid: str) -> None:
        """See an item read by a process."""
        number = self._catalogue.numbering.number_of_pid(pid)
        if number is None:
            return
        item = self._catalogue.item(number)
        self._looks[caller, pid] = (self._now(), item.process_type, item.loan.due_date if item.loan else "")
        for run, row in self._database.execute("SELECT run, row FROM rows WHERE pid = ?", (pid,)):
            self.rows.setdefault((run, row), Seen()).read_since = True

    def see_written(self, caller: int, data: bytes) -> None:
        """See bytes leave a process; those of a scan have to keep every promise."""
        line = data.split(b"\r\n", 1)[0]
        if line.startswith(b"POST ") and b"op=scan" in line:
            self._see_departure(caller, line.split(b"?")[0].rsplit(b"/", 1)[-1].decode())

    def see_applied(self, caller: int, number: int) -> None:
        """See a scan take effect."""
        pid = self._catalogue.numbering.pid(number)
        sent = self._sent.get((caller, pid))
        if sent is None:
            self.broken.append(f"item {pid} is scanned, and nothing was sent")
            return
        run, row, step = sent
        self.rows[run, row].applied[step] += 1
        self.rows[run, row].applied_at.append(self._now())

    def _see_departure(self, caller: int, pid: str) -> None:
        sending = self._database.execute(_SENDING, (pid,)).fetchall()
        if len(sending) != 1:
            self.broken.append(f"a scan of {pid} leaves, and {len(sending)} rows say so on disk")
            return
        run, row, step, before, is_blind = sending[0]
        seen = self.rows.setdefault((run, row), Seen())
        self._check_nobody_is_in_the_way(run, row, pid)
        self._check_record_is_young(run, row)
        self._check_known_since_last_time(run, row, seen)
        if not is_blind:
            self._check_look(caller, pid, f"row {row} of run {run}", before)
        seen.read_since = False
        self._sent[caller, pid] = (run, row, step)

    def _check_nobody_is_in_the_way(self, run: int, row: int, pid: str) -> None:
        query = "SELECT run, row FROM rows WHERE pid = ? AND state = 'unclear'"
        for other in self._database.execute(query, (pid,)):
            self.broken.append(f"row {row} of run {run} is sent, and of row {other} nobody knows")

    def _check_record_is_young(self, run: int, row: int) -> None:
        age_seconds = self._now() - self._recorded[run, row]
        if age_seconds > RECORD_LASTS_SECONDS:
            self.broken.append(f"row {row} of run {run} leaves {age_seconds:.1f} s after its record")

    def _check_known_since_last_time(self, run: int, row: int, seen: Seen) -> None:
        """A row is sent again only where something said that it had not happened, or its item was read."""
        query = "SELECT kind FROM events WHERE run = ? AND row = ? ORDER BY id"
        kinds = [kind for (kind,) in self._database.execute(query, (run, row))]
        sendings = [index for index, kind in enumerate(kinds) if kind == "sending"]
        if len(sendings) < 2:
            return
        between = set(kinds[sendings[-2] + 1 : sendings[-1]])
        if not (between & _KNOWN or ("reread" in between and seen.read_since)):
            self.broken.append(f"row {row} of run {run} is sent again, and nobody looked: {kinds}")

    def _check_look(self, caller: int, pid: str, which: str, before: str | None) -> None:
        looked_at, process_type, due_date = self._looks.get((caller, pid), (float("-inf"), "", ""))
        if self._now() - looked_at > LOOK_LASTS_SECONDS:
            self.broken.append(f"{which} is sent on a look that is {self._now() - looked_at:.1f} s old")
            return
        decided = json.loads(before or "{}")
        if (decided.get("process_type", ""), decided.get("due_date", "")) != (process_type, due_date):
            self.broken.append(f"{which} is sent, decided on {decided}, and Alma had said {process_type} {due_date}")

    # What must hold in between

    def check(self, journal: Journal) -> None:
        """Fail where a promise is broken."""
        assert not self.broken, self.broken
        for key, seen in self.rows.items():
            most = 1 + seen.again
            assert all(times <= most for times in seen.applied.values()), self._tell(journal, key)
        for run in journal.runs():
            self._check_run(journal, run)

    def _check_run(self, journal: Journal, run: Run) -> None:
        rows = list(journal.rows(run.id))
        counts = journal.counts(run.id)
        assert len(rows) == run.rows == sum(counts.values())
        assert counts == Counter(row.answer for row in rows)
        for row in rows:
            self._check_row(journal, row)

    def _check_row(self, journal: Journal, row: Row) -> None:
        key = (row.run, row.row)
        retried = any(event.kind is EventKind.RETRIED for event in journal.story(*key))
        was = self._states.get(key, RowState.NEW)
        assert row.state in _reachable(was, retried=retried), f"{was}, then {self._tell(journal, key)}"
        assert (row.outcome is None) is (row.state not in FINAL_STATES), self._tell(journal, key)
        seen = self.rows.get(key, Seen())
        if row.state in _NOT_YET and not seen.again:
            assert not seen.applied[row.step], f"{row.state}, and {self._tell(journal, key)}"
        self._states[key] = row.state

    def _tell(self, journal: Journal, key: tuple[int, int]) -> str:
        seen = self.rows.get(key, Seen())
        story = "\n".join(f"{event.at:.2f} {event.kind}: {event.text}" for event in journal.story(*key))
        return f"row {key} was scanned {dict(seen.applied)}, at {seen.applied_at}:\n{story}"


def _reachable(was: RowState, *, retried: bool) -> set[RowState]:
    """All states that may be seen after one."""
    found, ahead = {was}, [was]
    while ahead:
        state = ahead.pop()
        if state is RowState.FAILED and not retried:
            continue
        following = STEPS[state] - found
        found |= following
        ahead += following
    return found
