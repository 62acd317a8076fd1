"""What a working run tells the page."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from almascan.model import Desk, Order, Outcome, Run, RunState
from almascan.progress import Snapshot
from almascan.web.live import BARS, Live


def _snapshot(elapsed_seconds: float, finished: int) -> Snapshot:
    return Snapshot(
        total=1_000_000,
        finished=finished,
        counts={Outcome.IN_PLACE: finished},
        requests=0,
        requests_per_second=0.0,
        rows_per_second=0.0,
        remaining_calls=None,
        in_flight=0,
        unclear=0,
        throttled=0,
        elapsed_seconds=elapsed_seconds,
        eta_seconds=None,
    )


RUN = Run(
    id=7,
    institution="01X",
    base_url="",
    environment="unknown",
    state=RunState.RUNNING,
    list_name="list",
    list_digest="",
    list_notes={},
    order=Order(Desk("MAIN", "DESK")),
    rows=1,
    who="somebody",
    created_at=0.0,
)


async def test_whoever_waits_learns_the_run_s_number_when_its_work_begins() -> None:
    live = Live()
    assert not live.begun.done()
    live.begin(RUN, _snapshot(0, 0))
    assert (await live.begun).id == 7
    live.begin(RUN, _snapshot(0, 0))  # a run that goes on begins once more
    assert live.begun.result() is RUN


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(0, 500)), max_size=400))
async def test_the_chart_keeps_every_row_and_stays_small_however_long_a_run_is(steps: list[tuple[float, int]]) -> None:
    live = Live()
    live.begin(RUN, _snapshot(0, 0))
    elapsed, finished = 0.0, 0
    for seconds, rows in steps:
        elapsed, finished = elapsed + seconds, finished + rows
        live.update(_snapshot(elapsed, finished))
    bars = live.bars()
    assert len(bars) <= BARS
    assert sum(bar.rows for bar in bars) <= finished
    assert all(bar.until_seconds > bar.since_seconds for bar in bars)
    assert all(one.until_seconds == two.since_seconds for one, two in pairwise(bars))


async def test_an_hour_of_updates_counts_all_rows_up_to_the_last_bar() -> None:
    live = Live()
    live.begin(RUN, _snapshot(0, 0))
    for second in range(1, 3601):
        live.update(_snapshot(float(second), second * 10))
    bars = live.bars()
    assert sum(bar.rows for bar in bars) == bars[-1].until_seconds * 10
    assert bars[-1].until_seconds > 3400
