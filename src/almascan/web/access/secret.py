"""The secret that sessions and tokens are signed with: a file beside the journal that only its owner can read."""

import secrets
from pathlib import Path

from almascan.errors import UsageError
from almascan.settings.permissions import closing_command, is_open_to_others
from almascan.settings.profiles import write_privately

_BYTES = 32
_LONGEST = 4096


def secret_path(journal: Path) -> Path:
    """Say where the secret of a journal's page is."""
    return journal.with_name(f"{journal.name}.page-secret")


def read_secret(path: Path) -> str:
    """Read the secret; make it where there is none yet. Without the file everybody is let in anew.

    Raises:
        UsageError: The file cannot be read or written, others than its owner can use it, or it holds no secret.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_LONGEST)
            mode = path.stat().st_mode
    except FileNotFoundError:
        secret = secrets.token_urlsafe(_BYTES)
        write_privately(path, f"{secret}\n")
        return secret
    except OSError as error:
        raise UsageError(f"The page's secret {path} cannot be read: {error.strerror}.") from None
    if is_open_to_others(mode):
        raise UsageError(
            f"Others than its owner can use the page's secret {path}. Delete it, and a new one is made; or, if nobody "
            f"has read it, type: {closing_command([path])}"
        )
    secret = content.decode("ascii", errors="replace").strip()
    if len(secret) < _BYTES or not secret.isascii():
        raise UsageError(f"{path} does not hold the page's secret. Delete it, and a new one is made.")
    return secret
