"""A worker's post at an institution: what it keeps of it between turns, so that each goes on at the pace of the last.

The limit of an institution outlives a turn, and the worker too: whoever takes the lease next is told when the latest
requests left, and one who seizes it from a silent worker supposes the worst.
"""

import asyncio

import msgspec

from almascan.acquaintance import Acquaintance
from almascan.alma import Alma, Pacer, resolve_base_url
from almascan.fleet.members import Members
from almascan.institution import CAREFUL_RATE, check_institution, pace_of
from almascan.journal import Journal, Lease
from almascan.journal.server_lease import STALE_SECONDS, SURE_SECONDS
from almascan.model import Run
from almascan.settings import Key

_MINUTE_SECONDS = 60.0


class Post(msgspec.Struct):
    """What a worker keeps of an institution.

    Attributes:
        key: The key that its client was made with.
        alma: The client, opened.
        acquaintance: What is known of the institution.
    """

    key: Key
    alma: Alma
    acquaintance: Acquaintance


class Posts:
    """The posts of one worker; used within one event loop.

    Args:
        members: The institutions that there are keys for.
        journal: The journal.
    """

    def __init__(self, members: Members, journal: Journal) -> None:
        self._members = members
        self._journal = journal
        self._posts: dict[str, Post] = {}
        self._pacers: dict[str, Pacer] = {}
        self._epochs: dict[str, int] = {}

    async def take(self, lease: Lease, run: Run) -> Post:
        """Take up an institution's post, with the key that is right now.

        Args:
            lease: The institution's lease, just taken.
            run: The run that has its turn.

        Raises:
            KeyRefusedError: There is no key any more, or it is another institution's.
            UsageError: The profile's address is none of Alma's.
        """
        code = lease.institution
        member, key = self._members.member(code), self._members.key(code)
        pacer = self._pacers.setdefault(code, Pacer(CAREFUL_RATE))
        self._take_over(pacer, lease, run)
        post = self._posts.get(code)
        if post is None or post.key.value != key.value:
            await self.leave(code)
            address = resolve_base_url(member.settings.base_url or run.base_url)
            alma = Alma(address, key.value, pacer=pacer)
            post = self._posts[code] = Post(key, await alma.__aenter__(), Acquaintance())
            rate, per_minute = pace_of(run.order, run.environment)
            with pacer.limited(min(rate, CAREFUL_RATE), per_minute):
                check_institution(member.settings, await alma.test_read())
        return post

    def _take_over(self, pacer: Pacer, lease: Lease, run: Run) -> None:
        """Count what the lease's last holder sent, unless that was this worker, whose pacer knows."""
        if lease.epoch != self._epochs.get(lease.institution, -1) + 1:
            ages = suppose(*pace_of(run.order, run.environment)) if lease.is_seized else lease.departures
            pacer.pace.take_over(ages, asyncio.get_running_loop().time())
        self._epochs[lease.institution] = lease.epoch

    def tell_next(self, lease: Lease, post: Post) -> None:
        """Have the lease's next holder told when the latest requests left."""
        ages = post.alma.pacer.pace.ages(asyncio.get_running_loop().time())
        self._journal.tell_next(lease.institution, tuple(round(age, 3) for age in ages))

    async def leave(self, code: str) -> None:
        """Leave a post; how fast its institution may be asked is remembered."""
        post = self._posts.pop(code, None)
        if post is not None:
            await post.alma.__aexit__(None, None, None)

    async def close(self) -> None:
        """Leave all posts."""
        for code in list(self._posts):
            await self.leave(code)


def suppose(rate: float, per_minute: int) -> tuple[float, ...]:
    """Give the requests that a worker which fell silent may have sent lately, at full rate as long as it was sure.

    Args:
        rate: Requests a second that it was allowed.
        per_minute: Requests a minute; 0 for no limit.

    Returns:
        How long ago each left, in seconds, when the lease is seized.
    """
    silent_seconds = STALE_SECONDS - SURE_SECONDS
    number = min(per_minute, int(rate * (_MINUTE_SECONDS - silent_seconds)))
    return tuple(silent_seconds + index / rate for index in range(number))
