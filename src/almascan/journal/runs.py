"""The runs: recording, changing and reading them; each function works on a connection that its caller opened."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, true, update
from sqlalchemy import Row as Record

from almascan.journal.schema import EVENTS, LOST_ROWS, NAMES, ROWS, RUNS, WAITING_RUNS
from almascan.model import Order, Run, RunState

_LOADED = RUNS.c.state != RunState.LOADING
_PART = 5_000
"""How many records are deleted in a transaction: whoever records scans waits meanwhile."""


def add(connection: Connection, run: Run) -> int:
    """Record a run that is about to be loaded; return its id."""
    values = _encode(run) | {"state": RunState.LOADING}
    run_id: int = connection.execute(insert(RUNS).values(**values).returning(RUNS.c.id)).scalar_one()
    return run_id


def seal(connection: Connection, run_id: int, list_digest: str, list_notes: Mapping[str, int]) -> None:
    """Make a loaded run ready to be worked on."""
    number = connection.execute(select(func.count()).where(ROWS.c.run == run_id)).scalar_one()
    notes = msgspec.json.encode(list_notes).decode()
    change(connection, run_id, rows=number, list_digest=list_digest, list_notes=notes, state=RunState.READY)


def change(connection: Connection, run_id: int, **values: Any) -> None:
    """Set fields of a run by name; a change of state leaves a cancelled run as it is."""
    if "order" in values:
        values["order"] = msgspec.json.encode(values["order"]).decode()
    here = RUNS.c.id == run_id
    if "state" in values:
        here &= RUNS.c.state != RunState.CANCELLED
    connection.execute(update(RUNS).where(here).values(**values))


def begin(connection: Connection, run_id: int, *, in_queue: bool) -> RunState | None:
    """Put a run into state running, unless it is so already or never can be; return its state before, if there is one.

    With ``in_queue`` it must be waiting for a turn.
    """
    before = connection.execute(select(RUNS.c.state).where(RUNS.c.id == run_id).with_for_update()).scalar()
    may_begin = before is not None and (
        before == RunState.QUEUED
        if in_queue
        else before not in (RunState.RUNNING, RunState.CANCELLED, RunState.LOADING)
    )
    if may_begin:
        values = {"reason": "", "finished_at": None, "in_queue": in_queue, "due_at": None}
        change(connection, run_id, state=RunState.RUNNING, **values)
    return None if before is None else RunState(before)


def reopen(connection: Connection, run_id: int, reason: str) -> None:
    """Pause a finished run: it has something to do again."""
    finished = (RUNS.c.id == run_id, RUNS.c.state == RunState.FINISHED)
    connection.execute(update(RUNS).where(*finished).values(state=RunState.PAUSED, reason=reason))


def say_why_kept(connection: Connection, run_id: int, sent_since: float) -> str:
    """Say why a run that nobody works on must be kept; "" where it may be deleted."""
    here = ROWS.c.run == run_id
    unclear = connection.execute(select(func.count()).where(here, LOST_ROWS)).scalar_one()
    if unclear:
        return (
            f"Run {run_id} has {unclear} unclear rows, which protect their items from a second scan: settle them first, "
            "or have them read again."
        )
    sent = select(ROWS.c.row).where(here, ROWS.c.sent_at > sent_since).limit(1)
    if connection.execute(sent).first():
        return (
            f"Run {run_id} sent scans in the last 24 hours, and others must know of them so that no item is scanned "
            "twice: delete it tomorrow."
        )
    return ""


def hide(connection: Connection, run_id: int) -> None:
    """Put a run that is to be deleted among those that nobody sees; the next loader deletes what is left of it."""
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(state=RunState.LOADING))


def remove_part(connection: Connection, run_id: int) -> bool:
    """Delete a part of a run's stories, names and rows, in the end the run; return whether that was all of it."""
    for key in (EVENTS.c.row, NAMES.c.name, ROWS.c.row):
        here = key.table.c.run == run_id
        last = connection.execute(select(key).where(here).order_by(key).offset(_PART).limit(1)).scalar()
        if last is not None:
            connection.execute(delete(key.table).where(here, key <= last))
            return False
        connection.execute(delete(key.table).where(here))
    connection.execute(delete(RUNS).where(RUNS.c.id == run_id))
    return True


def pause_interrupted(connection: Connection, institution: str) -> None:
    """Pause the runs that a dead process left running; those that it had from the queue go back there."""
    here = (RUNS.c.institution == institution, RUNS.c.state == RunState.RUNNING)
    reason = "Its process ended in the middle of the work."
    connection.execute(update(RUNS).where(*here, RUNS.c.in_queue).values(state=RunState.QUEUED, reason=reason))
    connection.execute(update(RUNS).where(*here, ~RUNS.c.in_queue).values(state=RunState.PAUSED, reason=reason))


def list_unfinished(connection: Connection, institution: str) -> list[int]:
    """List the runs of an institution that are not loaded whole."""
    here = (RUNS.c.institution == institution, RUNS.c.state == RunState.LOADING)
    return list(connection.execute(select(RUNS.c.id).where(*here)).scalars())


def find(connection: Connection, run_id: int | None, *, lock: bool = False) -> Run | None:
    """Find a run, or the latest one that is loaded; with ``lock`` nobody changes it until the transaction ends."""
    query = select(RUNS).where(_LOADED if run_id is None else RUNS.c.id == run_id).order_by(RUNS.c.id.desc()).limit(1)
    return _first(connection.execute(query.with_for_update() if lock else query))


def find_numbered(connection: Connection, run_ids: Collection[int]) -> dict[int, Run]:
    """Find the runs that have some ids, by their id."""
    return {found.id: _decode(found) for found in connection.execute(select(RUNS).where(RUNS.c.id.in_(run_ids)))}


def list_latest(connection: Connection, limit: int | None, before: int | None = None) -> list[Run]:
    """List the latest runs, the newest first."""
    earlier = true() if before is None else RUNS.c.id < before
    query = select(RUNS).where(_LOADED, earlier).order_by(RUNS.c.id.desc()).limit(limit)
    return [_decode(found) for found in connection.execute(query)]


def list_queued(connection: Connection) -> list[Run]:
    """List the runs that wait for a process, the oldest first."""
    query = select(RUNS).where(WAITING_RUNS, RUNS.c.state == RunState.QUEUED).order_by(RUNS.c.id)
    return [_decode(found) for found in connection.execute(query)]


def count_unclear(connection: Connection, institutions: Collection[str] | None = None) -> dict[str, int]:
    """Count the unclear rows of institutions, or of all; those without any are left out."""
    lost = select(ROWS.c.run, func.count().label("number")).where(LOST_ROWS).group_by(ROWS.c.run).subquery()
    query = select(RUNS.c.institution, func.sum(lost.c.number)).join(lost, lost.c.run == RUNS.c.id)
    if institutions is not None:
        query = query.where(RUNS.c.institution.in_(institutions))
    found = connection.execute(query.group_by(RUNS.c.institution))
    return {institution: int(number) for institution, number in found}


def find_twin(connection: Connection, run: Run) -> Run | None:
    """Find the latest earlier run of the institution whose list was the same, byte for byte."""
    same = (RUNS.c.institution == run.institution, RUNS.c.list_digest == run.list_digest)
    query = select(RUNS).where(*same, RUNS.c.id < run.id, _LOADED)
    return _first(connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)))


def _first(found: Iterable[Record[Any]]) -> Run | None:
    return next(map(_decode, found), None)


def _encode(run: Run) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(run, name) for name in run.__struct_fields__ if name != "id"}
    # A file's name may hold bytes that are no text; Python carries them along as what no database stores.
    values["list_name"] = run.list_name.encode(errors="replace").decode()
    for name in ("order", "list_notes"):
        values[name] = msgspec.json.encode(values[name]).decode()
    return values


def _decode(found: Record[Any]) -> Run:
    values = dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["state"] = RunState(values["state"])
    values["order"] = msgspec.json.decode(values["order"], type=Order)
    values["list_notes"] = msgspec.json.decode(values["list_notes"], type=dict[str, int])
    return Run(**values)
