"""Why a request is not let through: one table of codes, HTTP statuses and sentences."""

from enum import StrEnum
from typing import Self


class Refusal(StrEnum):
    """A reason, with what is said to the person in the browser.

    Attributes:
        status: The HTTP status of the answer.
        sentence: What happened and what to do next.
    """

    status: int
    sentence: str

    def __new__(cls, code: str, status: int, sentence: str) -> Self:
        """Make a line of the table."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.sentence = sentence
        return member

    NO_SESSION = (
        "no-session",
        403,
        "This browser has not been let in yet. Open the link that almascan web printed in its terminal; Enter prints a new one there.",
    )
    OLD_LINK = (
        "old-link",
        403,
        "This link was used already, or is more than ten minutes old. Press Enter in the terminal where almascan web runs, and open the new link that it prints.",
    )
    WRONG_HOST = (
        "wrong-host",
        400,
        "The page is not called by this address. Use the address that almascan web printed; behind a proxy, the proxy must pass on the Host of its public address.",
    )
    WRONG_ORIGIN = (
        "wrong-origin",
        403,
        "This was sent from another site's page, so nothing was done. Open the page itself and do it there.",
    )
    FROM_ELSEWHERE = (
        "from-elsewhere",
        403,
        "Another site's page asked for this, so nothing was given. Open the page itself.",
    )
    NO_CSRF = (
        "no-csrf",
        403,
        "This form belongs to an earlier visit, so nothing was done. Go back, load the page anew, and send it again.",
    )
    NOT_FROM_PROXY = (
        "not-from-proxy",
        403,
        "This page is reached through the library's sign-in alone. Use its public address.",
    )
    NO_USER = (
        "no-user",
        403,
        "The proxy did not say who you are. Sign in anew; if that does not help, tell whoever runs the proxy.",
    )
    BAD_TARGET = ("bad-target", 400, "There is no such address.")
    WRONG_METHOD = ("wrong-method", 405, "The page is not used in this way.")
    TOO_LARGE = (
        "too-large",
        413,
        "What was sent is larger than the page takes. Send a smaller file, or scan it with the command line: almascan scan.",
    )
    TOO_SLOW = (
        "too-slow",
        408,
        "What was sent did not arrive in time, so nothing was done. Send it again.",
    )
