"""The page for a team: a reverse proxy signs people in and says who they are."""

import ipaddress
import re
from collections.abc import Iterable

from almascan.errors import UsageError
from almascan.web.access.admission import Person
from almascan.web.access.asked import Asked
from almascan.web.access.refusal import Refusal
from almascan.web.access.signing import Seal
from almascan.web.access.site import Site, public_site

USER_HEADER = "X-Forwarded-User"
_LONGEST_NAME = 200
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+")
_ALREADY_TAKEN = {"authorization", "connection", "content-length", "content-type", "cookie", "host", "origin"}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ProxyAccess:
    """Lets in whom a proxy names, and nobody who does not come through it.

    Args:
        secret: What the tokens against forged forms are made with; see ``read_secret``.
        proxies: The addresses or networks that the proxy's connections come from.
        origin: The page's public address, such as ``https://scan.example.org``.
        user_header: The header in which the proxy says who has signed in.

    Raises:
        UsageError: One of them is not what it should be.
    """

    def __init__(self, secret: str, proxies: Iterable[str], origin: str, user_header: str = USER_HEADER) -> None:
        self._networks = [read_network(each) for each in proxies]
        self._site = public_site(origin)
        self._user_header = _check_header_name(user_header)
        self._seal = Seal(secret)

    @property
    def site(self) -> Site:
        """The public address."""
        return self._site

    def check_sender(self, asked: Asked) -> Refusal | None:
        """Refuse what does not come from the proxy, whatever it says of itself."""
        return None if is_from(asked.peer, self._networks) else Refusal.NOT_FROM_PROXY

    def admit(self, asked: Asked) -> Person | Refusal:
        """Take the proxy's word for who it is."""
        name = read_name(asked.all(self._user_header))
        return Refusal.NO_USER if name is None else Person(name, self._seal.token_for(name))


def read_network(text: str) -> Network:
    """Read a proxy's address or network.

    Raises:
        UsageError: It is none, or it is every address that there is.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise UsageError(
            f"--proxy must be the IP address that the proxy connects from, or a network such as 10.1.2.0/24, not {text}."
        ) from None
    if network.prefixlen == 0:
        raise UsageError(f"--proxy {text} is every address, so that anybody could say who they are.")
    return network


def is_from(peer: str, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; an IPv4 address in IPv6's clothes is an IPv4 address."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def read_name(values: list[bytes]) -> str | None:
    """Read who it is from the user headers of a request.

    Args:
        values: Their values: there must be one. With a comma in it, two headers may have been joined on their way.

    Returns:
        The name, of 1 to 200 printable characters; None for anything else.
    """
    if len(values) != 1:
        return None
    try:
        name = values[0].decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    is_good = 0 < len(name) <= _LONGEST_NAME and name.isprintable() and "," not in name
    return name if is_good else None


def _check_header_name(name: str) -> str:
    # Some proxies let a header with an underscore pass for the one with a hyphen.
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _ALREADY_TAKEN:
        raise UsageError(f"--proxy-user-header must be a header's name such as {USER_HEADER}, not {name}.")
    return name.lower()
