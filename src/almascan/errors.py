"""Every error of almascan, and the exit code each one ends a command with.

Three severities::

    AlmascanError
    ├── RowError                this row failed; the run goes on
    │   ├── ItemNotFoundError       no item has this barcode or these ids
    │   └── RefusedError            Alma refused and said why; nothing happened
    ├── AttemptError            this request has no usable answer; the row is tried or read again
    │   ├── NotSentError            no byte left this machine: nothing happened
    │   ├── ThrottledError          Alma's limit per second: nothing happened
    │   └── NoAnswerError           nobody knows whether it happened
    └── StopError               the run or the command stops
        ├── UsageError              the command, the settings or the profile are wrong        exit 2
        ├── ListError               the list cannot be read                                   exit 2
        ├── KeyRefusedError         the key is missing, wrong or has not the rights           exit 5
        ├── QuotaError              the day's requests, or the floor of them, are reached     exit 4
        ├── LeaseError              another process works for this institution                exit 6
        └── JournalError            the journal cannot be read or written                     exit 7

An AttemptError that no row caught ends a command with 8: Alma cannot be reached.

A message says what happened, where, and what to do next, in one or two sentences. It never holds a key or a
patron's name.
"""

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means; ``docs/reference/exit-codes.md`` is made from it."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    LEFTOVERS = 3
    QUOTA = 4
    KEY = 5
    LEASE = 6
    JOURNAL = 7
    UNREACHABLE = 8
    PAUSED = 9
    INTERRUPTED = 130


EXIT_CODE_MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "Everything that was asked for is done.",
    ExitCode.INTERNAL: "A defect in almascan; please report it with the text that was printed.",
    ExitCode.USAGE: "The command, the settings or the list cannot be used, or the question whether to begin was answered "
    "with no; nothing was scanned.",
    ExitCode.LEFTOVERS: "The run is finished, and some rows need a person (attention, failed, unclear, or skipped for another "
    "reason than being a duplicate or left out), or --limit left rows for later.",
    ExitCode.QUOTA: "The day's requests, or the floor of remaining calls, are reached; resume later.",
    ExitCode.KEY: "The key is missing, wrong, or has not the rights that are needed.",
    ExitCode.LEASE: "Another process works for this institution; nothing was sent.",
    ExitCode.JOURNAL: "The journal cannot be read or written (disk full, read-only, damaged, or of a newer version).",
    ExitCode.UNREACHABLE: "Alma cannot be reached; nothing was sent.",
    ExitCode.PAUSED: "The run has paused itself, or was paused from elsewhere, and says why; resume goes on with it.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C; what was in flight is recorded, and resume goes on with the rest.",
}


class AlmascanError(Exception):
    """Root of the tree; ``str()`` is a sentence for the person who gave the command."""


@dataclass(frozen=True)
class Refusal:
    """What Alma said when it did not do as asked.

    Attributes:
        status: The HTTP status.
        code: Alma's errorCode, or "" where the answer had none.
        message: Alma's errorMessage, or what could be read of the answer, without mark-up, at most 300 characters.
        tracking_id: Alma's trackingId, for Ex Libris' support; "" where there was none.
    """

    status: int
    code: str
    message: str
    tracking_id: str = ""

    def __str__(self) -> str:
        """Say it in one line: code, message, tracking id."""
        parts = [self.code or f"HTTP {self.status}", self.message]
        if self.tracking_id:
            parts.append(f"tracking id {self.tracking_id}")
        return ", ".join(part for part in parts if part)


class RowError(AlmascanError):
    """This row failed, the others go on."""


class ItemNotFoundError(RowError):
    """No item of the institution has this barcode or these ids."""

    def __init__(self, message: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal


class RefusedError(RowError):
    """Alma refused the request with a code that means nothing happened."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"Alma refused: {refusal}")
        self.refusal = refusal


class AttemptError(AlmascanError):
    """This request got no usable answer."""


class NotSentError(AttemptError):
    """No byte of the request left this machine, so nothing happened."""


class ThrottledError(AttemptError):
    """Alma's limit per second refused the request before it was looked at, so nothing happened."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"Alma's limit per second was met: {refusal}")
        self.refusal = refusal


class NoAnswerError(AttemptError):
    """The request left, and no answer came that says what happened.

    Attributes:
        refusal: What came instead (an HTTP 5xx, a page of HTML, a code that proves nothing), if anything did.
    """

    def __init__(self, message: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal


class BrokenConnectionError(NoAnswerError):
    """The request left, and the connection broke before the whole answer was here."""


class StopError(AlmascanError):
    """The run or the command cannot go on."""

    exit_code = ExitCode.INTERNAL


class UsageError(StopError):
    """The command, the settings or the profile are wrong."""

    exit_code = ExitCode.USAGE


class ListError(StopError):
    """The list cannot be read as a list of items."""

    exit_code = ExitCode.USAGE


class KeyRefusedError(StopError):
    """The key is missing, wrong, or has not the rights that the request needs."""

    exit_code = ExitCode.KEY

    def __init__(self, message: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal


class QuotaError(StopError):
    """The institution's requests for today are used up, or so few are left that the run leaves them to others."""

    exit_code = ExitCode.QUOTA


class LeaseError(StopError):
    """Another process has the institution."""

    exit_code = ExitCode.LEASE


class JournalError(StopError):
    """The journal cannot be read or written."""

    exit_code = ExitCode.JOURNAL
