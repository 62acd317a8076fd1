"""Dates as Alma writes them, from seconds since 1970 in GMT."""

from datetime import UTC, datetime


def format_day(now: float) -> str:
    """Write a day: ``2026-03-01Z``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dZ")


def format_tracking_id(now: float, request: int) -> str:
    """Write a trackingId for the request with this number: ``E01-DDMMhhmmss-XXXXX-AWAE<digits>``."""
    letters = "".join(chr(65 + request // 26**place % 26) for place in range(5))
    return f"E01-{datetime.fromtimestamp(now, UTC):%d%m%H%M%S}-{letters}-AWAE{1_000_000_000 + request}"
