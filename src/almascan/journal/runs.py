"""The runs: recording, changing and reading them; each function works on a connection that its caller opened."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy import Row as Record

from almascan.journal.schema import EVENTS, ROWS, RUNS
from almascan.model import Order, Run, RunState

_LOADED = RUNS.c.state != RunState.LOADING


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


def begin(connection: Connection, run_id: int) -> RunState | None:
    """Put a run into state running, unless it is so already or cancelled; return its state before, if there is one."""
    before = connection.execute(select(RUNS.c.state).where(RUNS.c.id == run_id)).scalar()
    if before not in (RunState.RUNNING, RunState.CANCELLED):
        change(connection, run_id, state=RunState.RUNNING, reason="", finished_at=None)
    return None if before is None else RunState(before)


def remove(connection: Connection, run_id: int) -> None:
    """Delete a run with its rows and their stories."""
    connection.execute(delete(EVENTS).where(EVENTS.c.run == run_id))
    connection.execute(delete(ROWS).where(ROWS.c.run == run_id))
    connection.execute(delete(RUNS).where(RUNS.c.id == run_id))


def pause_interrupted(connection: Connection, institution: str) -> None:
    """Pause the runs that a dead process left running."""
    here = (RUNS.c.institution == institution, RUNS.c.state == RunState.RUNNING)
    reason = "Its process ended in the middle of the work."
    connection.execute(update(RUNS).where(*here).values(state=RunState.PAUSED, reason=reason))


def list_unfinished(connection: Connection, institution: str) -> list[int]:
    """List the runs of an institution that are not loaded whole."""
    here = (RUNS.c.institution == institution, RUNS.c.state == RunState.LOADING)
    return list(connection.execute(select(RUNS.c.id).where(*here)).scalars())


def find(connection: Connection, run_id: int | None) -> Run | None:
    """Find a run, or the latest one that is loaded."""
    query = select(RUNS).where(_LOADED if run_id is None else RUNS.c.id == run_id)
    return _first(connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)))


def list_latest(connection: Connection, limit: int | None) -> list[Run]:
    """List the latest runs, the newest first."""
    query = select(RUNS).where(_LOADED).order_by(RUNS.c.id.desc()).limit(limit)
    return [_decode(found) for found in connection.execute(query)]


def list_queued(connection: Connection) -> list[Run]:
    """List the runs that wait for a process, the oldest first."""
    query = select(RUNS).where(RUNS.c.state == RunState.QUEUED).order_by(RUNS.c.id)
    return [_decode(found) for found in connection.execute(query)]


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
