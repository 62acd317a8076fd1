"""A row of the page: it names the desk, once that is known."""

from almascan.model import Desk, Outcome, Row, RowState
from almascan.report.html_rows import row_view


def test_a_row_names_its_desk_once_that_is_known() -> None:
    desk = Desk("MAIN", "DEFAULT_CIRC_DESK")
    known = Row(1, 1, RowState.DONE, Outcome.IN_PLACE, "301", "301", desk=desk)
    unknown = Row(1, 2, RowState.FAILED, Outcome.NOT_FOUND, "302", "302")
    assert row_view(known, None).notes == [f"Desk: {desk}"]
    assert row_view(unknown, None).notes == []
