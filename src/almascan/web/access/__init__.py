"""Who may use the page: every request goes through ``Guard``, which asks an ``Access`` whom it comes from.

``rules`` holds what is asked of every request, ``link_access`` and ``proxy_access`` the two ways of being let in,
``body`` and ``protocol`` what a sender may take of time and space, ``refusal`` what is said to whom nothing is given.
"""

from almascan.web.access.admission import Access, Entered, Person
from almascan.web.access.asked import Asked
from almascan.web.access.guard import Guard, Refuse, refuse_plainly
from almascan.web.access.limits import Limits
from almascan.web.access.link_access import LinkAccess
from almascan.web.access.proxy_access import USER_HEADER, ProxyAccess
from almascan.web.access.refusal import Refusal
from almascan.web.access.secret import read_secret, secret_path
from almascan.web.access.site import Site, loopback_site, public_site

__all__ = [
    "USER_HEADER",
    "Access",
    "Asked",
    "Entered",
    "Guard",
    "Limits",
    "LinkAccess",
    "Person",
    "ProxyAccess",
    "Refusal",
    "Refuse",
    "Site",
    "loopback_site",
    "public_site",
    "read_secret",
    "refuse_plainly",
    "secret_path",
]
