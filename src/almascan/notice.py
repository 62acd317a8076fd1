"""Telling somebody that a run has ended: by e-mail, chat or webhook, through apprise."""

from collections.abc import Iterable, Mapping
from typing import Any

from almascan.errors import UsageError
from almascan.model import Outcome, Run
from almascan.progress.text import plain
from almascan.report.summary import in_order, verdict

_LONGEST_TITLE = 200


def check_addresses(addresses: Iterable[str]) -> None:
    """Refuse addresses that nobody could be told at, before any work.

    Raises:
        UsageError: An address is none of apprise's, or apprise is not installed.
    """
    for address in addresses:
        if not _apprise().Apprise().add(address):
            scheme = address.partition(":")[0]
            raise UsageError(f"--notify does not know the kind of address that begins with {scheme!r}; see apprise's.")


def tell(addresses: Iterable[str], run: Run, counts: Mapping[Outcome, int]) -> bool:
    """Send a run's summary to every address; return whether all were reached.

    Args:
        addresses: In apprise's form, such as mailto://user:password@example.org or json://localhost:8080/path.
        run: The run.
        counts: Its rows by their answer.
    """
    apprise = _apprise()
    sender = apprise.Apprise()
    for address in addresses:
        sender.add(address)
    lines = [verdict(run, counts), run.reason, *(f"{outcome}: {counts[outcome]:,}" for outcome in in_order(counts))]
    return bool(
        sender.notify(
            title=plain(f"almascan run {run.id} is {run.state}: {run.list_name}", _LONGEST_TITLE),
            body="\n".join(plain(line) for line in lines if line),
            # Said to be text, so that a mail in HTML shows what looks like mark-up and does not obey it.
            body_format=apprise.NotifyFormat.TEXT,
        )
    )


def _apprise() -> Any:
    """Give the module, which is an extra that may not be there."""
    try:
        import apprise  # noqa: PLC0415 - slow to import
    except ImportError:
        raise UsageError("--notify needs apprise; install it with: pipx inject almascan apprise") from None
    return apprise
