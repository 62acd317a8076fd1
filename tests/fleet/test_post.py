"""What a worker keeps of an institution between turns, and what it supposes of one that fell silent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from almascan.alma import Pacer
from almascan.clock import Clock
from almascan.errors import KeyRefusedError, UsageError
from almascan.fleet.members import Members
from almascan.fleet.post import Posts, suppose
from almascan.journal import Journal, Lease
from almascan.model import Desk, Order, Run, RunState
from almascan.simulator import Simulator, SimulatorConfig

CODE = "01SIM_INST"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=1000, per_second=0)) as running:
        yield running


@pytest.fixture
def members(simulator: Simulator, tmp_path: Path) -> Members:
    write_key(tmp_path, simulator.keys["full"])
    write_profile(tmp_path, simulator.base_url)
    members = Members({}, tmp_path / "profiles.toml")
    members.refresh()
    return members


@pytest.fixture
async def posts(members: Members, tmp_path: Path) -> AsyncIterator[Posts]:
    with closing(Journal(tmp_path / "journal.db")) as journal:
        posts = Posts(members, journal)
        yield posts
        await posts.close()


def write_key(folder: Path, key: str) -> None:
    path = folder / "key"
    path.write_text(key)
    path.chmod(0o600)


def write_profile(folder: Path, base_url: str, institution: str = CODE) -> None:
    (folder / "profiles.toml").write_text(
        f'[profiles.main]\ninstitution = "{institution}"\nbase_url = "{base_url}"\nkey_file = "{folder / "key"}"\n'
    )


def lease(epoch: int, *, seized: bool = False, departures: tuple[float, ...] = ()) -> Lease:
    return Lease(CODE, epoch, Clock().now(), seized, departures)


def a_run(rate: float = 20.0, per_minute: int = 1200) -> Run:
    order = Order(Desk("MAIN", "DESK"), rate=rate, per_minute=per_minute)
    return Run(1, CODE, "", "production", RunState.QUEUED, "list", "", {}, order, 1, "me", 1.0)


def counted(pacer: Pacer) -> int:
    return len(pacer.pace.ages(asyncio.get_running_loop().time()))


async def test_a_post_is_kept_with_its_client_and_its_pace(posts: Posts) -> None:
    first = await posts.take(lease(1), a_run())
    assert await posts.take(lease(2), a_run()) is first


async def test_a_new_key_has_a_new_client_at_the_old_pace(
    posts: Posts, members: Members, simulator: Simulator, tmp_path: Path
) -> None:
    first = await posts.take(lease(1), a_run())
    write_key(tmp_path, f"{simulator.keys['bibs_only']}\n")
    members.refresh()
    second = await posts.take(lease(2), a_run())
    assert second.alma is not first.alma
    assert second.alma.pacer is first.alma.pacer


async def test_what_others_sent_counts_and_what_was_sent_from_here_is_not_counted_twice(posts: Posts) -> None:
    ages = (0.1, 0.2, 0.3)
    post = await posts.take(lease(5, departures=ages), a_run())
    own = counted(post.alma.pacer) - len(ages)
    assert own >= 1, "the key was tried"
    assert max(post.alma.pacer.pace.ages(asyncio.get_running_loop().time())[:-own]) > 0.25, "after what others had sent"
    await posts.take(lease(6, departures=ages), a_run())
    assert counted(post.alma.pacer) == own + len(ages), "nobody had the lease in between"
    await posts.take(lease(8, departures=ages), a_run())
    assert counted(post.alma.pacer) == own + 2 * len(ages)


async def test_of_a_silent_holder_the_worst_is_supposed(posts: Posts) -> None:
    post = await posts.take(lease(5, seized=True), a_run(rate=20.0, per_minute=1200))
    assert 1140 <= counted(post.alma.pacer) < 1150


def test_who_fell_silent_had_stopped_before_its_lease_was_seized() -> None:
    assert suppose(20.0, 0) == ()
    ages = suppose(20.0, 1200)
    assert len(ages) == 1140
    assert min(ages) == 3.0
    assert max(ages) == pytest.approx(59.95)


async def test_a_key_of_another_institution_is_refused_before_any_row(
    members: Members, posts: Posts, simulator: Simulator, tmp_path: Path
) -> None:
    write_profile(tmp_path, simulator.base_url, "01OTHER_INST")
    members.refresh()
    with pytest.raises(KeyRefusedError, match="No profile in"):
        await posts.take(lease(1), a_run())
    other = Lease("01OTHER_INST", 1, Clock().now())
    with pytest.raises(KeyRefusedError, match="nothing was read or scanned"):
        await posts.take(other, a_run())


async def test_an_address_that_is_none_of_alma_s_is_no_member(members: Members, posts: Posts, tmp_path: Path) -> None:
    write_profile(tmp_path, "http://example.org/almaws/v1")
    members.refresh()
    with pytest.raises((KeyRefusedError, UsageError)):
        await posts.take(lease(1), a_run())
