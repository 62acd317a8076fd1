"""Who has its part of the institutions."""

from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.fleet.sharing import Share, even_part, part_of
from almascan.journal.queueing import Due
from almascan.journal.workers import Report, Worker, Works

SIZES = st.lists(st.integers(0, 60), max_size=8)


@given(SIZES, st.integers(0, 300))
def test_an_even_part_is_the_smallest_that_is_enough(capacities: list[int], demand: int) -> None:
    part = even_part(capacities, demand)
    carried = sum(min(each, part) for each in capacities)
    assert carried >= min(demand, sum(capacities))
    assert part == 0 or sum(min(each, part - 1) for each in capacities) < demand


def a_worker(
    name: str, works: int, institutions: int = 40, *, silent_seconds: float = 1.0, draining: bool = False
) -> Worker:
    report = Report(institutions, 40, tuple(Works(str(number), number, 1.0, 1.0) for number in range(works)))
    return Worker(name, name, "1", 100.0, silent_seconds, draining, report)


def test_what_there_is_to_do_is_shared_with_who_comes() -> None:
    assert part_of([a_worker("old", 20), a_worker("new", 0)], 0) == 10
    assert part_of([a_worker("old", 20), a_worker("new", 0)], 5) == 13
    assert part_of([a_worker("a", 0), a_worker("b", 0)], 1) == 1


def test_who_cannot_help_takes_nothing_away() -> None:
    assert part_of([a_worker("old", 20)], 40) is None
    for helpless in (a_worker("w", 0, silent_seconds=60.0), a_worker("w", 0, draining=True)):
        assert part_of([a_worker("old", 20), helpless], 5) is None
    assert part_of([a_worker("old", 38), a_worker("no keys", 0, 0)], 2) == 40
    assert part_of([a_worker("old", 38), a_worker("few keys", 2, 2)], 0) == 38


class Ground:
    """A worker's share among others, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.handed_over: list[int] = []
        self.share = Share(lambda: self.now)

    def look(self, *workers: Worker, due: Sequence[Due] = ()) -> None:
        self.handed_over.append(self.share.look([f"Inst{number}" for number in range(40)], due, workers))


def a_run_of(institution: str, waited_seconds: float) -> Due:
    return Due(1, institution, 10, waited_seconds)


@pytest.fixture
def ground() -> Ground:
    return Ground()


def test_a_worker_takes_what_comes_up_to_its_part_and_not_one_more(ground: Ground) -> None:
    ground.look(a_worker("old", 2), a_worker("new", 0))
    assert len(ground.share.queues) == 40
    with ground.share.taking():
        assert ground.share.queues == []
    assert len(ground.share.queues) == 40


def test_a_worker_that_is_alone_takes_all(ground: Ground) -> None:
    ground.look(a_worker("old", 40))
    with ground.share.taking():
        assert len(ground.share.queues) == 40


def test_beyond_its_part_it_takes_what_others_leave_standing(ground: Ground) -> None:
    due = [a_run_of("Inst1", 0.5), a_run_of("Inst2", 2.0)]
    with ground.share.taking():
        ground.look(a_worker("old", 1), a_worker("no key of these", 0, 1), due=due)
        assert len(ground.share.queues) == 40
        with ground.share.taking():
            assert ground.share.queues == ["inst2"]


def test_room_is_made_until_who_has_come_has_its_part_and_no_longer_than_it_settles(ground: Ground) -> None:
    with ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(ground.share.taking())
        ground.look(a_worker("old", 10))
        assert ground.handed_over == [0]
        ground.now += 60.0
        ground.look(a_worker("old", 10), a_worker("new", 0))
        # What it gave came back to it: the other was not quick enough.
        ground.look(a_worker("old", 10), a_worker("new", 0))
        assert ground.handed_over == [0, 5, 5]
        ground.now += 11.0
        ground.look(a_worker("old", 10), a_worker("new", 0))
        assert ground.handed_over == [0, 5, 5, 0]


def test_nothing_more_is_handed_over_where_it_is_left_standing(ground: Ground) -> None:
    with ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(ground.share.taking())
        ground.look(a_worker("old", 10), a_worker("no key of these", 0), due=[a_run_of("Inst1", 2.0)])
    assert ground.handed_over == [0]


def test_a_run_that_waits_for_another_one_of_its_institution_is_not_left_standing(ground: Ground) -> None:
    second_runs = [a_run_of(str(number), 5.0) for number in range(10)]
    with ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(ground.share.taking())
        ground.look(a_worker("old", 10), a_worker("new", 0), due=second_runs)
        assert ground.handed_over == [5]
        assert ground.share.queues == []


def test_a_turn_s_end_is_waited_for_by_another_run_of_its_institution_and_of_no_other(ground: Ground) -> None:
    ground.look(a_worker("w", 3), due=[a_run_of("1", 4.0)])
    assert [ground.share.others_wait(each) for each in ("0", "1", "2")] == [False, True, False]
    ground.look(a_worker("w", 3), due=[a_run_of("1", 2.0)])
    assert not ground.share.others_wait("1"), "the next look may give it its turn"


def test_every_turn_s_end_is_waited_for_by_a_run_that_no_worker_has_a_hand_for(ground: Ground) -> None:
    ground.look(a_worker("w", 3), due=[a_run_of("Inst7", 4.0)])
    assert ground.share.others_wait("0")
    ground.look(a_worker("w", 3), due=[])
    assert not ground.share.others_wait("0")


def test_what_a_worker_has_above_its_part_is_for_others_unless_they_left_something_standing(ground: Ground) -> None:
    ground.look(a_worker("old", 10), a_worker("other", 6))
    with ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(ground.share.taking())
        assert ground.share.surplus == 2
        ground.look(a_worker("old", 9), a_worker("other", 6), due=[a_run_of("Inst9", 2.0)])
        assert ground.share.surplus == 0, "they have no key for it"
        ground.now += 119.0
        ground.look(a_worker("old", 10), a_worker("other", 6))
        assert ground.share.surplus == 0
        ground.now += 2.0
        assert ground.share.surplus == 2
    assert ground.share.surplus == 0


def test_what_waited_for_longer_while_there_was_room_for_it_was_left_to_nobody(ground: Ground) -> None:
    due = [a_run_of("Inst1", 2.0), a_run_of("Inst2", 2.0)]
    ground.look(a_worker("first", 0), a_worker("second", 0), due=due)
    with ground.share.taking(), ground.share.taking():
        ground.look(a_worker("first", 2), a_worker("second", 0))
        assert ground.share.surplus == 1


def test_who_comes_or_has_another_key_is_offered_what_others_left_standing(ground: Ground) -> None:
    left = [a_run_of("Inst9", 2.0)]
    with ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(ground.share.taking())
        ground.look(a_worker("old", 10), a_worker("other", 0, 1), due=left)
        ground.look(a_worker("old", 10), a_worker("other", 0, 1))
        assert ground.share.surplus == 0
        ground.look(a_worker("old", 10), a_worker("other", 0, 2))
        assert ground.share.surplus == 2, "it has another key"
        ground.look(a_worker("old", 10), a_worker("other", 0, 2), due=left)
        ground.look(a_worker("old", 10), a_worker("other", 0, 2))
        assert ground.share.surplus == 0
        ground.look(a_worker("old", 10), a_worker("other", 0, 2), a_worker("new", 0))
        assert ground.share.surplus == 6, "another worker came"
