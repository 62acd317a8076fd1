"""The audit log: who did what, and when."""

from sqlalchemy import insert, select

from almascan.journal.schema import ACTIONS
from almascan.journal.store import Store
from almascan.model import Action


class AuditLog(Store):
    """The part of a journal that says what persons did; it outlives the runs that it names."""

    def note_action(self, who: str, action: str, *, run: int | None = None, text: str = "") -> None:
        """Write down that somebody did something just now, to a run perhaps; ``text`` says what else."""
        values = {"at": self._wall_clock(), "who": who, "action": action, "run": run, "text": text}
        with self._writes() as connection:
            connection.execute(insert(ACTIONS).values(**values))

    def actions(self, *, before: int | None = None, limit: int = 100) -> list[Action]:
        """Return what was done, the newest first; before the action with this id, or the latest."""
        query = select(ACTIONS).order_by(ACTIONS.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(ACTIONS.c.id < before)
        with self._reads() as connection:
            return [Action(*found) for found in connection.execute(query)]
