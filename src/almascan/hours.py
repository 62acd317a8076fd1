"""When a run may work: from a time of day, until a time of day."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from almascan.errors import UsageError

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class Hours(msgspec.Struct, frozen=True):
    """Between which moments a run may work; seconds since 1970, None for no bound."""

    not_before: float | None = None
    until: float | None = None


def midnight_after(now: float) -> datetime:
    """Give the next midnight in UTC, when Alma probably counts the day's calls anew; ``docs/alma.md`` "Thresholds"."""
    today = datetime.fromtimestamp(now, tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def read_hours(not_before: str | None, until: str | None, now: float, zone: tzinfo | None = None) -> Hours:
    """Read two times of day, each the next one from now on.

    Args:
        not_before: "22:00", or None.
        until: "07:00", or None; after ``not_before`` where both are given.
        now: Seconds since 1970.
        zone: The time zone they are meant in; None is this machine's.

    Raises:
        UsageError: A text is no time of day.
    """
    begin = None if not_before is None else _next(not_before, "--not-before", now, zone)
    end = None if until is None else _next(until, "--until", begin or now, zone)
    return Hours(begin, end)


def _next(text: str, flag: str, after: float, zone: tzinfo | None) -> float:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise UsageError(f'{flag} takes a time of day such as 22:00, not "{text}".')
    start = datetime.fromtimestamp(after, tz=zone).astimezone(zone)
    moment = start.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    if moment <= start:
        moment += timedelta(days=1)
    return moment.timestamp()
