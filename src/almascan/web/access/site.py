"""The addresses that the page is called by."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from almascan.errors import UsageError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Site(msgspec.Struct, frozen=True):
    """The page's own addresses.

    Attributes:
        origins: Each Host that the page answers to, in small letters, with the Origin of pages that came from there.
    """

    origins: Mapping[str, str]

    def origin_of(self, host: str | None) -> str | None:
        """Give the Origin that belongs to a Host; None where it is not the page's."""
        return None if host is None else self.origins.get(host.lower())


def loopback_site(port: int) -> Site:
    """Give the addresses of a page on this machine.

    Args:
        port: Where it listens.
    """
    shown = "" if port == _DEFAULT_PORTS["http"] else f":{port}"
    return Site({f"{host}{shown}": f"http://{host}{shown}" for host in _LOOPBACK})


def public_site(origin: str) -> Site:
    """Give the addresses of a page behind a proxy.

    The proxy passes on the Host that the browser sent, so that the page sees the public one.

    Args:
        origin: Scheme, host and, unless it is the scheme's own, port: ``https://scan.example.org``.

    Raises:
        UsageError: It is no such address, or not https outside this machine.
    """
    refusal = UsageError(
        f"--origin must be the page's public address without a path, such as https://scan.example.org, not {origin}."
    )
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme not in _DEFAULT_PORTS or not host or not host.isascii() or parts.username is not None:
        raise refusal
    if parts.path not in ("", "/") or parts.query or parts.fragment or any(each.isspace() for each in origin):
        raise refusal
    shown = f"[{host}]" if ":" in host else host
    if parts.scheme == "http" and shown not in _LOOPBACK:
        raise UsageError(f"--origin {origin}: people sign in there, so it must begin with https://.")
    default = _DEFAULT_PORTS[parts.scheme]
    if port in (None, default):
        return Site(dict.fromkeys((shown, f"{shown}:{default}"), f"{parts.scheme}://{shown}"))
    return Site({f"{shown}:{port}": f"{parts.scheme}://{shown}:{port}"})
