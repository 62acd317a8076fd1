"""The states of rows and runs, and the steps between them."""

from enum import StrEnum


class RowState(StrEnum):
    """Where a row is in its life; ``STEPS`` says what may follow."""

    NEW = "new"
    LOCATED = "located"
    READY = "ready"
    SENDING = "sending"
    UNCLEAR = "unclear"
    DONE = "done"
    ATTENTION = "attention"
    SKIPPED = "skipped"
    FAILED = "failed"


FINAL_STATES = frozenset({RowState.DONE, RowState.ATTENTION, RowState.SKIPPED, RowState.FAILED})
"""States in which a row has its answer."""

STEPS: dict[RowState, frozenset[RowState]] = {
    RowState.NEW: frozenset({RowState.LOCATED, RowState.SKIPPED, RowState.FAILED}),
    RowState.LOCATED: frozenset({RowState.READY, RowState.DONE, RowState.SKIPPED, RowState.FAILED}),
    RowState.READY: frozenset({RowState.SENDING, RowState.LOCATED, RowState.SKIPPED}),
    RowState.SENDING: frozenset(
        {RowState.READY, RowState.LOCATED, RowState.UNCLEAR, RowState.DONE, RowState.ATTENTION, RowState.FAILED}
    ),
    RowState.UNCLEAR: frozenset({RowState.LOCATED, RowState.DONE, RowState.ATTENTION}),
    RowState.FAILED: frozenset({RowState.LOCATED, RowState.NEW}),
    RowState.DONE: frozenset(),
    RowState.ATTENTION: frozenset(),
    RowState.SKIPPED: frozenset({RowState.LOCATED, RowState.NEW}),
}
"""Which state may follow which. FAILED goes back to the start by ``retry`` alone, SKIPPED by a person's word alone: a row
that was left out is taken back, or the reason that it was skipped for is allowed."""


class EventKind(StrEnum):
    """The kinds of moments in a row's story."""

    LOCATED = "located"
    LOOKED = "looked"
    DECIDED = "decided"
    SENDING = "sending"
    ANSWERED = "answered"
    NOTHING_HAPPENED = "nothing-happened"
    LOST = "lost"
    REREAD = "reread"
    SETTLED = "settled"
    RETRIED = "retried"
    LEFT_OUT = "left-out"
    TAKEN_BACK = "taken-back"


class RunState(StrEnum):
    """Where a run is; QUEUED waits for whichever process works for its institution."""

    LOADING = "loading"
    READY = "ready"
    QUEUED = "queued"
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
