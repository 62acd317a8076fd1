"""Sessions and tokens against forged forms, signed so that nobody else can make one."""

import hashlib
import hmac
from collections.abc import Callable

from itsdangerous import BadSignature, Signer, TimestampSigner

SESSION_SECONDS = 30 * 24 * 3600


class Sessions:
    """Makes sessions and knows them again, after a restart too.

    Args:
        secret: What they are signed with.
        now: Gives the time in seconds since 1970.
    """

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        self._signer = _ClockedSigner(secret, now)

    def begin(self, session_id: str) -> str:
        """Give what a browser shows for a new session: letters, digits, dots, hyphens and underscores."""
        return self._signer.sign(session_id).decode("ascii")

    def find(self, shown: str) -> str | None:
        """Give the id of a session that was begun here less than 30 days ago; None for anything else."""
        try:
            return self._signer.unsign(shown.encode("latin-1"), max_age=SESSION_SECONDS).decode("ascii")
        except BadSignature:
            return None


class Seal:
    """Makes the token that a person's changes carry.

    Args:
        secret: What it is made with.
    """

    def __init__(self, secret: str) -> None:
        self._signer = Signer(secret, salt="almascan page csrf", digest_method=hashlib.sha256)

    def token_for(self, owner: str) -> str:
        """Give the token of a session or a person."""
        return self._signer.get_signature(owner.encode()).decode("ascii")


def is_same(token: str, expected: str) -> bool:
    """Whether a token is the expected one; takes as long whatever the difference is."""
    return hmac.compare_digest(token.encode(), expected.encode())


class _ClockedSigner(TimestampSigner):
    """Signs with the time that it is given."""

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        super().__init__(secret, salt="almascan page session", digest_method=hashlib.sha256)
        self._now = now

    def get_timestamp(self) -> int:
        return int(self._now())
