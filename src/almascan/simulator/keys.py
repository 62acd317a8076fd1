"""The API keys that an institution has given out, and what each may do; ``docs/alma.md`` "Rights"."""

from collections.abc import Mapping

READ = "read"
WRITE = "write"

_BOTH = frozenset({READ, WRITE})
_READ = frozenset({READ})
RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    "full": {"bibs": _BOTH, "conf": _BOTH, "analytics": _BOTH},
    "read_only": {"bibs": _READ, "conf": _READ},
    "bibs_only": {"bibs": _BOTH},
    "conf_only": {"conf": _BOTH},
    "bibs_conf_read": {"bibs": _BOTH, "conf": _READ},
    "analytics_only": {"analytics": _READ},
}
"""What a key may do in each area of the API, by the name that the ready file gives the key."""


def make_keys(institution: int) -> dict[str, str]:
    """Make the keys of an institution, by name; those of all but the first say which institution they are for."""
    number = "" if institution == 1 else f"{institution:02d}"
    return {name: f"l8xxsimulator{number}{name.replace('_', '')}" for name in RIGHTS}


KEYS = make_keys(1)
"""The keys of the first institution."""


class Keyring:
    """The keys of one institution; any other key is unknown to it."""

    def __init__(self, institution: int) -> None:
        self.keys = make_keys(institution)
        self._rights = {key: RIGHTS[name] for name, key in self.keys.items()}

    def knows(self, key: str) -> bool:
        """Say whether the institution has such a key."""
        return key in self._rights

    def may(self, key: str, area: str, right: str) -> bool:
        """Say whether a key may read or write in an area of the API."""
        return right in self._rights.get(key, {}).get(area, ())


def find_key(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """Find the key in ``Authorization: apikey KEY`` or in the query; "" where there is none."""
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    return key.strip() if scheme.lower() == "apikey" else query.get("apikey", "")
