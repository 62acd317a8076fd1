"""Who has its part of the institutions."""

from hypothesis import given
from hypothesis import strategies as st

from almascan.fleet.sharing import even_part, part_of
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
    return Worker(name, "", "1", 100.0, silent_seconds, draining, report)


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
