"""A fleet at work: the load is shared with a worker that comes later, and a small run does not wait for a large one."""

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.fleet.ground import Ground, Sizes, ground
from tests.postgres import Cluster

pytestmark = pytest.mark.system

ROWS = 600
SMALL_ROWS = 20
SHARED_SECONDS = 30.0


@pytest.fixture
def made(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(cluster, tmp_path_factory.mktemp("load") / "ground", Sizes(institutions=6, per_second=25)) as built:
        yield built


def test_a_worker_that_comes_later_shares_the_load(made: Ground) -> None:
    made.start_worker("w1")
    for member in made.members:
        made.submit(member, ROWS)
    made.wait_until(lambda: len(made.holders()) == len(made.members), SHARED_SECONDS, "every institution taken")
    made.start_worker("w2")

    def is_shared() -> bool:
        shares = Counter(made.holders().values())
        return min(shares["w1"], shares["w2"]) >= len(made.members) // 3

    made.wait_until(is_shared, SHARED_SECONDS, "the load shared")
    verdict = made.verdict()
    assert verdict.doubles == 0
    assert verdict.together == 0


def test_a_small_run_of_another_institution_does_not_wait_for_a_large_one(made: Ground) -> None:
    large, small, *_ = made.members
    made.start_worker("w1", "--concurrency", "2")
    made.submit(large, ROWS)
    made.wait_for_scans(large)
    made.submit(small, SMALL_ROWS)
    made.wait_until(lambda: made.scans(small) == SMALL_ROWS, SHARED_SECONDS, "the small run's rows")
    assert made.scans(large) < ROWS
