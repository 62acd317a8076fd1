"""What the pages work with: the journal, the engine, the connections, the lists that are no run yet, the texts."""

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from almascan.errors import UsageError
from almascan.journal import Journal
from almascan.model import Row, Run
from almascan.web.access import Person
from almascan.web.broadcast import Broadcast
from almascan.web.choices import Catalogue
from almascan.web.connections import Connections
from almascan.web.drafts import Drafts
from almascan.web.engine import Engine
from almascan.web.practice import Practice
from almascan.web.rendering import Rendering


class Office(msgspec.Struct, frozen=True):
    """Everything that a page needs, made once for the whole server."""

    journal: Journal
    engine: Engine
    connections: Connections
    practice: Practice
    drafts: Drafts
    rendering: Rendering
    broadcast: Broadcast
    catalogue: Catalogue

    def run(self, run_id: int) -> Run:
        """Give a run.

        Raises:
            HTTPException: There is none of that number: 404.
        """
        try:
            return self.journal.run(run_id)
        except UsageError:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None

    def row(self, run_id: int, row: int) -> Row:
        """Give a row of a run; raises as ``run``."""
        try:
            return self.journal.row(run_id, row)
        except UsageError:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None

    def note(self, person: Person, action: str, *, run: int | None = None, text: str = "") -> None:
        """Put into the audit log what a person has done."""
        self.journal.note_action(person.name, action, run=run, text=text)


def office_of(connection: HTTPConnection) -> Office:
    """Give the office of the server that a request came to."""
    office: Office = connection.app.state.office
    return office


def person_of(connection: HTTPConnection) -> Person:
    """Give the person whose request it is."""
    person: Person = connection.state.person
    return person
