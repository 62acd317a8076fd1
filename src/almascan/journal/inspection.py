"""Looking whether a journal is whole: what SQLite says of its file, and whether its runs and rows add up.

Whether they do is looked at in the same way wherever the journal is; ``server_look`` has what is a server's.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from almascan.errors import JournalError
from almascan.journal.database import VERSION
from almascan.journal.file_lease import is_locked
from almascan.journal.reading import reading
from almascan.journal.schema import FLAGS, STRUCTURES
from almascan.journal.sqlite import latest_records
from almascan.journal.wal import count_dropped
from almascan.model import FINAL_STATES, Action, EventKind, Group, Outcome, Row, RowState, Run, RunState

_MOST_LINES = 10
_SENT = frozenset({RowState.SENDING, RowState.UNCLEAR})

RESTORE = (
    "Keep it as it is. Save what can be read with: almascan journal export --out FILE. Then restore a back-up, or name a new "
    "journal with --journal."
)
_REPORT = "Save it with: almascan journal export --out FILE, and report it: almascan does not write such a thing."
_UPDATE = "Update almascan, or name another journal with --journal."


class Remark(msgspec.Struct, frozen=True):
    """Something to know of a journal, in a sentence, and what to do about it."""

    sentence: str
    next_step: str


class Inspection(msgspec.Struct):
    """What was found out about a journal.

    Attributes:
        path: The file, or the server's address without a password.
        size_bytes: Its size.
        latest_bytes: The size of what SQLite has not merged into it yet.
        version: Its version; "" where that record is lost.
        runs: How many runs it has.
        rows: How many rows, by their state.
        events: How many moments of rows' stories.
        problems: What is wrong.
        notes: What is not wrong, and waits for somebody.
    """

    path: str
    size_bytes: int
    latest_bytes: int
    version: str = ""
    runs: int = 0
    rows: dict[str, int] = {}
    events: int = 0
    problems: list[Remark] = []
    notes: list[Remark] = []


class Answer(Protocol):
    """What a query found, as ``sqlite3`` gives it."""

    @property
    def description(self) -> Sequence[Sequence[Any]]:
        """The columns; each begins with its name."""

    def __iter__(self) -> Iterator[Any]:
        """Give the records."""

    def fetchone(self) -> Any:
        """Give the next record."""

    def fetchall(self) -> list[Any]:
        """Give the records that are left."""


class Looked(Protocol):
    """A journal that is looked at."""

    def execute(self, query: str) -> Answer:
        """Ask something."""

    def list_tables(self) -> set[str]:
        """List the tables that there are."""

    def is_worked_on(self, institution: str, purpose: str = "") -> bool:
        """Whether some process has an institution's lease, or another lock of it, now."""


class _LookedAtFile:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._path = path
        self.execute = connection.execute

    def list_tables(self) -> set[str]:
        return {name for (name,) in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def is_worked_on(self, institution: str, purpose: str = "") -> bool:
        try:
            return is_locked(self._path, institution, purpose)
        except OSError:  # in a folder that cannot be written nobody works
            return False


def inspect_journal(path: Path) -> Inspection:
    """Look at the journal at ``path`` without writing into it.

    Every row is read, so that a million take a minute or so; a process that works meanwhile is not held up.

    Returns:
        What was found; its ``problems`` are empty where all is well.

    Raises:
        JournalError: It cannot be opened at all.
    """
    with reading(path) as connection:
        latest = latest_records(path)
        inspection = Inspection(str(path), path.stat().st_size, latest.stat().st_size if latest.is_file() else 0)
        looked = _LookedAtFile(connection, path)
        with _noting_damage(inspection):
            _look_at_file(looked, inspection)
        look_at_records(looked, inspection)
    return inspection


def look_at_records(looked: Looked, inspection: Inspection) -> None:
    """Look whether a journal's records add up, and write into ``inspection`` what is found.

    Raises:
        JournalError: It is no journal.
    """
    for look in _LOOKS:
        with _noting_damage(inspection):
            look(looked, inspection)
        if inspection.version > VERSION:
            break  # what this program does not know it cannot judge


@contextmanager
def _noting_damage(inspection: Inspection) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        _add(inspection.problems, f"A part of it cannot be read: {error}.", RESTORE)


def _add(remarks: list[Remark], sentence: str, next_step: str) -> None:
    remark = Remark(sentence, next_step)
    if remark not in remarks:
        remarks.append(remark)


def _look_at_file(looked: Looked, inspection: Inspection) -> None:
    """Have SQLite check its file: quickly, and where that finds nothing each index against its table as well."""
    latest = latest_records(Path(inspection.path))
    # Twice, for another process may be writing where the first look was.
    dropped = min(count_dropped(latest), count_dropped(latest))
    if dropped:
        sentence = f"SQLite drops {dropped} or more of its latest records: {latest.name} is damaged before them."
        _add(inspection.problems, sentence, RESTORE)
    if not inspection.latest_bytes and inspection.size_bytes % _count(looked, "PRAGMA page_size"):
        # SQLite takes the rest of a last page that is not there for zeros.
        _add(inspection.problems, "The file is cut off in the middle of a page.", RESTORE)
    for check in ("quick_check", "integrity_check"):
        found = [line for (line,) in looked.execute(f"PRAGMA {check}({_MOST_LINES})")]
        if found != ["ok"]:
            for line in "\n".join(map(str, found)).splitlines()[:_MOST_LINES]:
                _add(inspection.problems, f"SQLite finds the file damaged: {line}", RESTORE)
            return


def _look_at_version(looked: Looked, inspection: Inspection) -> None:
    if not {"runs", "rows", "events", "alembic_version"} <= looked.list_tables():
        raise JournalError(f"{inspection.path} is a database, but no whole journal of almascan's.")
    found = looked.execute("SELECT version_num FROM alembic_version").fetchone()
    inspection.version = str(found[0]) if found else ""
    if inspection.version > VERSION:
        sentence = f"It was written by a newer almascan: its version is {inspection.version}, this program's {VERSION}."
        _add(inspection.problems, sentence, _UPDATE)
    elif not found:
        _add(inspection.problems, "Its version is lost.", RESTORE)


def _look_at_runs(looked: Looked, inspection: Inspection) -> None:
    """Look whether each run can be understood, and has as many rows as it says."""
    rows = dict(looked.execute("SELECT run, count(*) FROM rows GROUP BY run").fetchall())
    for record in _records(looked, "SELECT * FROM runs ORDER BY id"):
        inspection.runs += 1
        run = _understand(record, Run)
        if isinstance(run, str):
            _add(inspection.problems, f"Run {record['id']} cannot be understood: {run}.", _REPORT)
        elif run.state is RunState.LOADING and looked.is_worked_on(run.institution, "loading"):
            _add(inspection.notes, f"A list is being read for {run.institution} now.", "Wait until it is read.")
        elif run.state is RunState.LOADING:
            sentence = f"Run {run.id} is not whole: its process ended while it was loaded or deleted."
            _add(inspection.notes, sentence, "The next scan of its institution clears it away.")
        elif run.rows != rows.get(run.id, 0):
            sentence = f"Run {run.id} has {rows.get(run.id, 0)} rows, and says that it has {run.rows}."
            _add(inspection.problems, sentence, RESTORE)


def _look_at_rows(looked: Looked, inspection: Inspection) -> None:
    """Look whether each row can be understood, and has an answer exactly where its state has one."""
    states: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for record in _records(looked, "SELECT * FROM rows"):
        states[str(record["state"])] += 1
        row = _understand(record, Row)
        reason = row if isinstance(row, str) else _say_contradiction(row)
        if reason:
            wrong[reason] += 1
            if wrong[reason] == 1:
                sentence = f"Row {record['row']} of run {record['run']} cannot be as it is: {reason}."
                _add(inspection.problems, sentence, _REPORT)
    inspection.rows = dict(sorted(states.items()))
    for reason, number in wrong.items():
        if number > 1:
            _add(inspection.problems, f"{number} rows cannot be as they are: {reason}.", _REPORT)


def _say_contradiction(row: Row) -> str:
    """Say where a row's state and the rest of it do not go together; "" where they do."""
    if row.state in FINAL_STATES:
        if row.outcome is None:
            return f"it is {row.state} without an outcome"
        if row.outcome.group is not Group(row.state.value):
            return f"it is {row.state} with the outcome {row.outcome}"
        return ""
    if row.outcome is not None:
        return f"it is {row.state} with the outcome {row.outcome}"
    if row.state in _SENT and not (row.sends and row.sent_at and row.pid):
        return f"it is {row.state}, and nothing says what was sent when"
    return ""


_WITHOUT_OWNER = {
    "rows belong to no run": "SELECT count(*) FROM rows WHERE run NOT IN (SELECT id FROM runs)",
    "moments of stories belong to no row": """
        SELECT count(*) FROM events WHERE NOT EXISTS
        (SELECT 1 FROM rows WHERE rows.run = events.run AND rows.row = events.row)""",
    "names belong to no row": """
        SELECT count(*) FROM names WHERE NOT EXISTS
        (SELECT 1 FROM rows WHERE rows.run = names.run AND rows.row = names.row)""",
}


def _look_at_links(looked: Looked, inspection: Inspection) -> None:
    """Look for rows without their run, and for stories without their row or of a kind that nobody knows."""
    inspection.events = _count(looked, "SELECT count(*) FROM events")
    kinds = {str(kind) for (kind,) in looked.execute("SELECT DISTINCT kind FROM events")}
    for kind in sorted(kinds - set(EventKind)):
        _add(inspection.problems, f"Moments of stories are of a kind that nobody knows: {kind!r}.", _REPORT)
    for what, query in _WITHOUT_OWNER.items():
        number = _count(looked, query)
        if number:
            _add(inspection.problems, f"{number} {what}.", _REPORT)


def _look_at_actions(looked: Looked, inspection: Inspection) -> None:
    """Look whether each line of the audit log can be understood."""
    for record in _records(looked, "SELECT * FROM actions"):
        action = _understand(record, Action)
        if isinstance(action, str):
            _add(inspection.problems, f"Action {record['id']} cannot be understood: {action}.", _REPORT)


def _look_at_waiting(looked: Looked, inspection: Inspection) -> None:
    """Say which rows were sent and have no answer, as long as nobody works on them."""
    query = (
        "SELECT runs.id, runs.institution, rows.state, count(*) FROM runs JOIN rows ON rows.run = runs.id "
        "WHERE rows.state IN ('sending', 'unclear') GROUP BY 1, 2, 3"
    )
    for run, institution, state, number in looked.execute(query).fetchall():
        if looked.is_worked_on(institution):
            _add(inspection.notes, f"A process works on {institution} now.", "Wait until it is done.")
        elif state == RowState.SENDING:
            sentence = f"Rows of run {run} that were being sent when their process ended: {number}."
            _add(inspection.notes, sentence, f"Say: almascan resume {run}. It reads their items before anything else.")
        else:
            sentence = f"Rows of run {run} that are unclear: {number}. {Outcome.UNCLEAR.sentence}"
            _add(inspection.notes, sentence, f"Say: almascan retry {run}. It reads their items once more.")


_LOOKS = (
    _look_at_version,
    _look_at_runs,
    _look_at_rows,
    _look_at_links,
    _look_at_actions,
    _look_at_waiting,
)


def _count(looked: Looked, query: str) -> int:
    number: int = looked.execute(query).fetchone()[0]
    return number


def _records(looked: Looked, query: str) -> Iterator[dict[str, Any]]:
    cursor = looked.execute(query)
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield dict(zip(names, values, strict=True))


_decode: Callable[[str], Any] = msgspec.json.Decoder().decode


def _understand(record: dict[str, Any], kind: type[Any]) -> Any:
    """Return a record as what the program takes it for, or in a few words why it cannot."""
    try:
        opened = {name: _decode(record[name]) for name in STRUCTURES if record.get(name) is not None}
        opened |= {name: bool(record[name]) for name in FLAGS if record.get(name) in (0, 1)}
        return msgspec.convert(record | opened, kind)
    except (msgspec.MsgspecError, TypeError) as error:
        return str(error)
