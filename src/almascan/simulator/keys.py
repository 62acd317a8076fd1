"""The API keys that the simulated Alma knows, and what each may do; ``docs/alma.md`` "Rights"."""

from collections.abc import Mapping

READ = "read"
WRITE = "write"

KEYS: dict[str, str] = {
    "full": "l8xxsimulatorfull",
    "read_only": "l8xxsimulatorreadonly",
    "bibs_only": "l8xxsimulatorbibsonly",
    "conf_only": "l8xxsimulatorconfonly",
    "bibs_conf_read": "l8xxsimulatorbibsconfread",
    "analytics_only": "l8xxsimulatoranalyticsonly",
}
"""Keys by the name that the ready file gives them. Any other key is unknown."""

_BOTH = frozenset({READ, WRITE})
_RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    KEYS["full"]: {"bibs": _BOTH, "conf": _BOTH, "analytics": _BOTH},
    KEYS["read_only"]: {"bibs": frozenset({READ}), "conf": frozenset({READ})},
    KEYS["bibs_only"]: {"bibs": _BOTH},
    KEYS["conf_only"]: {"conf": _BOTH},
    KEYS["bibs_conf_read"]: {"bibs": _BOTH, "conf": frozenset({READ})},
    KEYS["analytics_only"]: {"analytics": frozenset({READ})},
}


def find_key(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """Find the key in ``Authorization: apikey KEY`` or in the query; "" where there is none."""
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    return key.strip() if scheme.lower() == "apikey" else query.get("apikey", "")


def is_known(key: str) -> bool:
    """Say whether the institution has such a key."""
    return key in _RIGHTS


def may(key: str, area: str, right: str) -> bool:
    """Say whether a key may read or write in an area of the API."""
    return right in _RIGHTS.get(key, {}).get(area, frozenset())
