"""What the journal keeps of institutions: calls left by day, and temporary Alma sets.

Each function works on a connection that its caller opened.
"""

from sqlalchemy import Connection, delete, func, insert, select, update

from almascan.journal.schema import CALLS, TEMPORARY_SETS

SECONDS_A_DAY = 86_400
_CALLS_SEEN_DAYS = 7


def see_calls(connection: Connection, institution: str, at: float, remaining: int) -> None:
    """Remember how many calls an institution had left on a day, if that is the most seen on it."""
    day = int(at // SECONDS_A_DAY)
    key = (CALLS.c.institution == institution, CALLS.c.day == day)
    seen = connection.execute(select(CALLS.c.remaining).where(*key)).scalar()
    if seen is None:
        connection.execute(insert(CALLS).values(institution=institution, day=day, remaining=remaining))
    elif remaining > seen:
        connection.execute(update(CALLS).where(*key).values(remaining=remaining))


def most_calls_seen(connection: Connection, institution: str, at: float) -> int:
    """Return the largest number of remaining calls that was seen in seven days up to a moment; 0 for none."""
    since = int(at // SECONDS_A_DAY) - _CALLS_SEEN_DAYS
    query = select(func.max(CALLS.c.remaining)).where(CALLS.c.institution == institution, CALLS.c.day > since)
    return connection.execute(query).scalar() or 0


def remember_set(connection: Connection, institution: str, name: str) -> None:
    """Remember a temporary Alma set before it is made."""
    connection.execute(insert(TEMPORARY_SETS).values(institution=institution, name=name))


def forget_set(connection: Connection, institution: str, name: str) -> None:
    """Forget a temporary Alma set, once it is deleted."""
    here = (TEMPORARY_SETS.c.institution == institution, TEMPORARY_SETS.c.name == name)
    connection.execute(delete(TEMPORARY_SETS).where(*here))


def list_sets(connection: Connection, institution: str) -> list[str]:
    """List the names of temporary Alma sets that may still be there."""
    query = select(TEMPORARY_SETS.c.name).where(TEMPORARY_SETS.c.institution == institution)
    return list(connection.execute(query).scalars())
