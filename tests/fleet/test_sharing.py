"""Who has its part of the institutions."""

from hypothesis import given
from hypothesis import strategies as st

from almascan.fleet.sharing import even_part, has_enough
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


def test_who_has_more_than_an_even_part_has_enough_once_another_comes() -> None:
    assert has_enough([a_worker("old", 20), a_worker("new", 0)], 20, 0)
    assert not has_enough([a_worker("old", 20), a_worker("new", 0)], 0, 0)
    assert not has_enough([a_worker("old", 20)], 20, 40)


def test_who_cannot_help_takes_nothing_away() -> None:
    for helpless in (a_worker("w", 0, 0), a_worker("w", 0, silent_seconds=60.0), a_worker("w", 0, draining=True)):
        assert not has_enough([a_worker("old", 20), helpless], 20, 5)
    assert not has_enough([a_worker("old", 38), a_worker("few keys", 2, 2)], 38, 2)


def test_a_single_run_is_taken_by_whoever_comes_first() -> None:
    workers = [a_worker("a", 0), a_worker("b", 0)]
    assert not has_enough(workers, 0, 1)
