"""How workers share the institutions among them, so that one that comes takes its part at once.

Whoever has more than an even part leaves what becomes free to the others for a moment, and takes it after all where nobody
does: they may have no key for it.
"""

from collections.abc import Iterable

from almascan.journal.workers import Worker


def even_part(capacities: Iterable[int], demand: int) -> int:
    """Say how many institutions each worker has where they are shared as evenly as can be.

    Args:
        capacities: How many each worker can work for at most at a time.
        demand: How many have work.

    Returns:
        The smallest number that is enough where each worker has so many, or as many as it can.
    """
    left = sorted(capacities)
    part = 0
    while left and demand > 0:
        # All that are left take as much more as the smallest of them can, or as is needed.
        step = min(left[0] - part, -(-demand // len(left)))
        part += step
        demand -= step * len(left)
        while left and left[0] <= part:
            left.pop(0)
    return part


def part_of(workers: Iterable[Worker], waiting: int) -> int | None:
    """Say how many institutions each of some workers should have; None where there is nobody to share with.

    Args:
        workers: All workers, as they reported last.
        waiting: How many institutions have a run that waits.
    """
    there = [worker.report for worker in workers if worker.can_take]
    capacities = [min(report.institutions, report.concurrency) for report in there]
    demand = sum(len(report.works) for report in there) + waiting
    return max(1, even_part(capacities, demand)) if len(there) > 1 else None
