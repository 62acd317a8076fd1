"""Runs, rows and changes to try a journal with."""

from almascan.journal import NEVER, Change, Claim, Journal
from almascan.model import Desk, Event, EventKind, Order, Outcome, Row, RowState, Run, RunState


def a_run(institution: str = "01A", list_name: str = "l.txt") -> Run:
    """Give a run that is about to be recorded."""
    order = Order(Desk("MAIN", "DESK"), rate=5.0, allow=(Outcome.ON_LOAN,), then=Desk("SCI", "D"))
    address = "http://127.0.0.1/almaws/v1"
    return Run(0, institution, address, "sandbox", RunState.LOADING, list_name, "", {}, order, 0, "me", 1.0)


def new(number: int, barcode: str = "", pid: str = "") -> Row:
    """Give a row as a list names it: by its barcode, or by its ids."""
    return Row(0, number, RowState.NEW, given=barcode or pid, barcode=barcode, mms_id=pid, holding_id=pid, pid=pid)


def add(journal: Journal, rows: list[Row], institution: str = "01A") -> Run:
    """Record a whole run."""
    run_id = journal.add_run(a_run(institution), rows)
    return journal.seal_run(run_id, list_digest="d", list_notes={"blank": 2})


def intent(row: Row, pid: str, at: float = 100.0, since: float = NEVER, institution: str = "01A") -> Change:
    """Give the intent to scan a new row's item."""
    sending = row.to(RowState.LOCATED, pid=pid).to(RowState.READY).to(RowState.SENDING, sends=1, sent_at=at)
    return Change(sending, RowState.NEW, (Event(at, EventKind.SENDING, "sent"),), Claim(institution, since))
