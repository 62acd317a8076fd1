"""What became of a trial: nothing scanned twice, nothing lost, one worker at a time, and nobody above the rate."""

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.fleet.relay import Sighting

Item = tuple[str, str]
"""An institution's code and a barcode."""


class Tenure(NamedTuple):
    """A lease that was given out: whose, when, and to which worker."""

    institution: str
    at: float
    holder: str


class Seen(NamedTuple):
    """What was asked of an institution's Alma, by whom."""

    worker: str
    sighting: Sighting


class Verdict(NamedTuple):
    """What became of a trial.

    Attributes:
        rows: How many rows there were.
        scans: How many scans Alma applied.
        doubles: Items that were scanned more than once.
        lost: Rows that the journal has not, or whose answer does not fit what Alma saw.
        unclear: Rows without an answer so far.
        together: Scans of a worker whose institution another one had begun to scan for.
        refused: Requests that were above an institution's rate.
        refused_percent: Their share of all requests.
        longest_pause_seconds: The longest wait of an institution's rows for one of them to be scanned, as far as scans
            were seen; those of which it was not known at first whether they were scanned have their own times.
        other_answers: The rows that are answered otherwise than in place, in words: those that could not be looked up, or
            are lost.
        busiest: The fullest second of each institution, in words.
    """

    rows: int
    scans: int
    doubles: int
    lost: int
    unclear: int
    together: int
    refused: int
    refused_percent: float
    longest_pause_seconds: float
    other_answers: tuple[str, ...] = ()
    busiest: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether every answer is in place, nothing twice or lost, and no two workers were at work for one institution."""
        return not (self.doubles or self.lost or self.together or self.other_answers)


def count_lost(submitted: Collection[Item], answers: Mapping[Item, str | None], scans: Mapping[Item, int]) -> int:
    """Count the rows that the journal has not, or whose answer does not fit what Alma saw.

    One that could not be looked up, of which nothing was sent, is none of them: ``retry`` takes it up.

    Args:
        submitted: What was handed in, all of it there to be scanned.
        answers: What the journal says of each; None where it says nothing yet.
        scans: How often each item was scanned.
    """
    said = {item: answer for item, answer in answers.items() if answer is not None}
    missing = sum(item not in answers for item in submitted)
    return missing + sum(answer != ("in-place" if item in scans else "refused") for item, answer in said.items())


def count_together(sightings: Mapping[str, Sequence[Seen]], tenures: Sequence[Tenure]) -> int:
    """Count the scans of workers whose institution another one had begun to scan for.

    A scan that is on its way when the lease changes hands is none of them: whoever takes the lease lets it arrive first.

    Args:
        sightings: What was asked for each institution.
        tenures: Who held each institution's lease, and from when.
    """
    return sum(
        _count_intruders(seen, [tenure for tenure in tenures if tenure.institution == institution])
        for institution, seen in sightings.items()
    )


def longest_pause(
    sightings: Mapping[str, Sequence[Seen]], late: Collection[str], departures: Mapping[str, Collection[float]]
) -> float:
    """Give the longest wait of an institution's rows for one of them to be scanned, in seconds.

    Args:
        sightings: What was asked for each institution.
        late: The PIDs of items of which it was not known at first whether they were scanned.
        departures: When whoever held each institution's lease went away; where its heir does so too before it has
            scanned, the wait begins anew.
    """
    pauses = [0.0]
    for institution, seen in sightings.items():
        gone = departures.get(institution, ())
        for earlier, later in pairwise(each.sighting for each in _scans(seen)):
            if later.pid not in late:
                begins = max([earlier.at, *(at for at in gone if at < later.at)])
                pauses.append(later.at - begins)
    return max(pauses)


def busiest_second(seen: Sequence[Seen]) -> str:
    """Say how many requests were seen in the fullest second, and by which workers.

    Args:
        seen: What was asked for one institution, in the order of time.
    """
    fullest: list[Seen] = []
    window: deque[Seen] = deque()
    for each in seen:
        window.append(each)
        while each.sighting.at - window[0].sighting.at >= 1.0:
            window.popleft()
        if len(window) > len(fullest):
            fullest = list(window)
    workers = Counter(each.worker for each in fullest)
    return f"{len(fullest)}: " + ", ".join(f"{worker} {number}" for worker, number in sorted(workers.items()))


def find_departures(tenures: Sequence[Tenure], gone: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Find when whoever held each institution's lease went away.

    Args:
        tenures: Who held each institution's lease, and from when; in the order of time.
        gone: When each worker went away.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for institution in {tenure.institution for tenure in tenures}:
        held = [tenure for tenure in tenures if tenure.institution == institution]
        for worker, moments in gone.items():
            found[institution] += [at for at in moments if _holder_at(held, at) == worker]
    return found


def _holder_at(held: Sequence[Tenure], at: float) -> str:
    return next((tenure.holder for tenure in reversed(held) if tenure.at <= at), "")


def by_institution(
    witnesses: Mapping[str, Sequence[Sighting]], institutions: Mapping[str, str]
) -> dict[str, list[Seen]]:
    """Sort what was seen by institution, in the order of time.

    Args:
        witnesses: What each worker was seen to ask.
        institutions: Whose each key is; what is asked with others counts for nobody.
    """
    found = defaultdict(list)
    for worker, sightings in witnesses.items():
        for sighting in sightings:
            if sighting.key in institutions:
                found[institutions[sighting.key]].append(Seen(worker, sighting))
    return {institution: sorted(seen, key=lambda each: each.sighting.at) for institution, seen in found.items()}


def _count_intruders(seen: Sequence[Seen], tenures: Sequence[Tenure]) -> int:
    ends = [*(tenure.at for tenure in tenures[1:]), float("inf")]
    scans = _scans(seen)
    return sum(
        sum(1 for _ in _intruders([each for each in scans if tenure.at <= each.sighting.at < end], tenure.holder))
        for tenure, end in zip(tenures, ends, strict=True)
    )


def _intruders(scans: Sequence[Seen], holder: str) -> Iterator[Seen]:
    """Give the scans of others than the holder, once the holder has begun."""
    has_begun = False
    for each in scans:
        is_holder = each.worker == holder
        has_begun = has_begun or is_holder
        if has_begun and not is_holder:
            yield each


def _scans(seen: Sequence[Seen]) -> list[Seen]:
    return [each for each in seen if each.sighting.pid]
