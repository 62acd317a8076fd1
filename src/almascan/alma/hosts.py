"""Where Alma's API is: the regions' hosts, and the check that a key goes nowhere else."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from almascan.errors import UsageError

BASE_PATH = "/almaws/v1"

REGIONS: dict[str, str] = {
    "na": "api-na.hosted.exlibrisgroup.com",
    "eu": "api-eu.hosted.exlibrisgroup.com",
    "ap": "api-ap.hosted.exlibrisgroup.com",
    "aps": "api-aps.hosted.exlibrisgroup.com",
    "ca": "api-ca.hosted.exlibrisgroup.com",
    "cn": "api-cn.hosted.exlibrisgroup.com.cn",
}
"""Alma's regions and the host of each one's API; ``docs/alma.md`` "Hosts and keys"."""

_ALMA_DOMAINS = (".hosted.exlibrisgroup.com", ".hosted.exlibrisgroup.com.cn")


def resolve_base_url(region_or_url: str) -> str:
    """Turn a region's name or an address into the base URL of its API.

    Args:
        region_or_url: One of ``REGIONS``, or an address with or without ``/almaws/v1``. Alma's own hosts are
            reached by https only; http is for this machine alone (the simulator). ``docs/alma.md`` "Hosts and keys".

    Returns:
        The base URL, without a slash at its end: ``https://api-eu.hosted.exlibrisgroup.com/almaws/v1``.

    Raises:
        UsageError: It is neither, so the key must not be sent there.
    """
    given = region_or_url.strip()
    if given.lower() in REGIONS:
        return f"https://{REGIONS[given.lower()]}{BASE_PATH}"
    if "://" not in given:
        regions = ", ".join(REGIONS)
        raise UsageError(f"{_shown(given)} is no region of Alma. Give one of {regions}, or a base URL.")
    parts = _split(given)
    host = (parts.hostname or "").lower()
    if not _is_allowed(parts, host):
        raise UsageError(
            f"The key is not sent to {_shown(host)}: give an https address of Alma (*{_ALMA_DOMAINS[0]}), one of the "
            f"regions {', '.join(REGIONS)}, or a simulator on this machine (http://127.0.0.1:PORT{BASE_PATH})."
        )
    if parts.path.rstrip("/") not in ("", BASE_PATH):
        raise UsageError(f"The base URL ends in {BASE_PATH}; this one has the path {_shown(parts.path)}.")
    bracketed = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{bracketed}{port}{BASE_PATH}"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where the port is no number
    except ValueError:
        raise UsageError("The base URL cannot be read as an address.") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("The base URL holds a name, a password or a query; give the address alone.")
    return parts


def _is_allowed(parts: SplitResult, host: str) -> bool:
    if is_loopback(host):
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and host.endswith(_ALMA_DOMAINS) and parts.port in (None, 443)


def _shown(text: str, *, longest: int = 80) -> str:
    """Quote what was given, cut, as it stands in a message."""
    printable = "".join(character for character in text if character.isprintable())
    return f'"{printable[:longest]}"'
