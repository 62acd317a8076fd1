"""What is asked of every request, whoever sends it: pure functions of its head.

They keep out other sites' pages, which a browser lets send requests to this one (cross-site request forgery), and
names of other sites that lead to this machine (DNS rebinding).
"""

import re

from almascan.web.access.asked import Asked
from almascan.web.access.refusal import Refusal
from almascan.web.access.site import Site

METHODS = ("GET", "HEAD", "POST")
STATIC = "/static/"
"""Below it is nothing but the page's own style, script and icons, which anybody may have."""
_CHANGES = "POST"
_OWN_PAGES = (None, "same-origin")
_OWN_SITES = (None, "same-origin", "none")
_TRICKS = re.compile(r"//|\\|%2f|%5c|%00|[\x00-\x1f\x7f]", re.IGNORECASE)


def find_refusal(asked: Asked, site: Site) -> Refusal | None:
    """Say why a request is refused before anybody asks whom it comes from; None where it is not.

    Args:
        asked: The request's head.
        site: The page's own addresses.
    """
    return check_host(asked, site) or check_target(asked) or check_method(asked) or check_source(asked, site)


def check_host(asked: Asked, site: Site) -> Refusal | None:
    """Ask for one Host, and that it is the page's own."""
    return None if site.origin_of(asked.only("host")) else Refusal.WRONG_HOST


def check_target(asked: Asked) -> Refusal | None:
    """Ask for a plain path: no whole address, and nothing that two readers could take for two different paths."""
    for path in (asked.target, asked.path):
        if not path.startswith("/") or _TRICKS.search(path) or {".", ".."} & set(path.split("/")):
            return Refusal.BAD_TARGET
    return None


def check_method(asked: Asked) -> Refusal | None:
    """Ask for one of the three methods; only a POST changes anything or has a body."""
    if asked.method not in METHODS:
        return Refusal.WRONG_METHOD
    return Refusal.TOO_LARGE if asked.method != _CHANGES and asked.has_body else None


def check_source(asked: Asked, site: Site) -> Refusal | None:
    """Ask whose page has the browser send this.

    A change must come from a page of this very address. Anything else may also be a link to the page that somebody
    follows on another site, but not a picture, a script or a frame there.
    """
    sites: list[str | None] = [value.decode("latin-1") for value in asked.all("sec-fetch-site")] or [None]
    if asked.method == _CHANGES:
        own = site.origin_of(asked.only("host"))
        is_own = own is not None and asked.only("origin") == own and sites[0] in _OWN_PAGES and len(sites) == 1
        return None if is_own else Refusal.WRONG_ORIGIN
    if all(each in _OWN_SITES for each in sites) or _is_followed_link(asked):
        return None
    return Refusal.FROM_ELSEWHERE


def is_static(asked: Asked) -> bool:
    """Whether a request that keeps the rules is for the page's style, script or icons."""
    return asked.path.startswith(STATIC) and asked.method != _CHANGES


def _is_followed_link(asked: Asked) -> bool:
    return asked.only("sec-fetch-mode") == "navigate" and asked.only("sec-fetch-dest") == "document"
