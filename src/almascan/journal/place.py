"""Where a journal is: a file of SQLite's, or a database of a PostgreSQL server."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from platformdirs import user_data_path

from almascan.errors import UsageError

SCHEMES = ("postgresql://", "postgres://")


class Server(msgspec.Struct, frozen=True):
    """A database of a PostgreSQL server.

    Attributes:
        address: As PostgreSQL's own programs take it: ``postgresql://user@host:port/database``.
    """

    address: str

    def __str__(self) -> str:
        """Give the address without a password."""
        parts = urlsplit(self.address)
        port = f":{parts.port}" if parts.port else ""
        user = f"{parts.username}@" if parts.username else ""
        return f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"

    def __repr__(self) -> str:
        """Show no password in a traceback either."""
        return f"Server({self})"

    @property
    def name(self) -> str:
        """The database's name and host, as a file's name."""
        parts = urlsplit(self.address)
        bare = f"{unquote(parts.path).strip('/') or 'journal'}.{parts.hostname or 'local'}.{parts.port or 5432}"
        return "".join(each if each.isalnum() or each in "-_." else "_" for each in bare)


Place = Path | Server


def place_of(named: Path | str) -> Place:
    """Understand where a journal is said to be.

    Args:
        named: A file, or a server's address, which begins with ``postgresql://``.

    Raises:
        UsageError: The address cannot be understood.
    """
    if isinstance(named, Path):
        return named
    if not named.startswith(SCHEMES):
        return Path(named)
    try:
        parts = urlsplit(named)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or not parts.path.strip("/"):
        raise UsageError("The journal's address must be as in postgresql://user@host:5432/database.")
    return Server("postgresql://" + named.partition("://")[2])


def local_path(place: Place) -> Path:
    """Give the path beside which this machine keeps what belongs to a journal: its locks, the page's lists and secret.

    A journal in a file has them beside it; one on a server in the platform's data folder.
    """
    return place if isinstance(place, Path) else user_data_path("almascan") / place.name
