"""What of the vendor's published interface descriptions the simulator does, and what it leaves out, with the reason.

The descriptions are those of the areas Bibs, Configuration and Analytics, of the operations that scan-in needs. A
test compares them with this table, and the table with what the simulator does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Described:
    """An operation of the descriptions.

    Attributes:
        request: Method, and path below /almaws/v1.
        parameters: Parameters of the query that the simulator goes by.
        codes: Error codes that the simulator answers with.
        left_out: Other parameters and codes, and why each is left out.
        reason: Why the operation as a whole is left out; "" where it is done.
    """

    request: str
    parameters: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


SUCCESSES = ("200", "204")
REFUSALS = ("400", "500")
"""The HTTP statuses that the descriptions name; 500 is answered where a fault is planned, or a report is unknown."""

_GENERAL = "a planned fault answers with it: what causes it is not known"
_FIXED_ITEMS = "the catalogue follows from the seed; its items can be changed by the control plane alone"
_NO_PROFILES = "libraries do not restrict each other"
_ALL_PARTS = "taken and ignored: an answer always has all its parts"
_NO_COMBINING = "refused with 402265: sets are made empty and then filled"
_NEVER_COMBINED = "sets made of others, or of a job, cannot be created at all (402265)"
_NO_NETWORK = "there is no network zone"
_ITEM_ERROR = {"401652": _GENERAL}
_UNCAUSED = {"402119": _GENERAL}
_ITEM = "/bibs/{mms_id}/holdings/{holding_id}/items/{item_pid}"
_ITEM_PART = "/bibs/{mms_id}/holdings/{holding_id}/items/{item_id}"
_ITEMS = "/bibs/{mms_id}/holdings/{holding_id}/items"
_DATES = tuple(f"{kind}_date_{end}" for kind in ("create", "modify", "receive") for end in ("from", "to"))
_WHOLE_REPORT = "the reports list all items in transit"

BIBS = (
    Described("GET /bibs/test"),
    Described("POST /bibs/test"),
    Described(
        f"GET {_ITEMS}",
        parameters=(
            "limit",
            "offset",
            "expand",
            "current_library",
            "current_location",
            "q",
            "order_by",
            "direction",
            *_DATES,
        ),
        codes=("402203", "401688", "402469", "60215", "60216", "60106", "402217"),
        left_out=_ITEM_ERROR
        | {
            "user_id": "loan policies do not depend on the patron",
            "view": _ALL_PARTS,
            "expected_receive_date_from": "no item is still expected",
            "expected_receive_date_to": "no item is still expected",
            "60217": "which offset is too large is not known: an empty page is answered",
        },
    ),
    Described(f"POST {_ITEMS}", reason=_FIXED_ITEMS),
    Described(f"DELETE {_ITEM}", reason=_FIXED_ITEMS),
    Described(
        f"GET {_ITEM}",
        parameters=("expand",),
        left_out=_ITEM_ERROR | {"view": _ALL_PARTS, "user_id": "loan policies do not depend on the patron"},
    ),
    Described(
        f"POST {_ITEM}",
        parameters=(
            "op",
            "request_id",
            "library",
            "circ_desk",
            "department",
            "work_order_type",
            "status",
            "done",
            "place_on_hold_shelf",
            "register_in_house_use",
        ),
        left_out=_ITEM_ERROR
        | {
            "external_id": "taken and ignored: what it means for a scan is not known",
            "auto_print_slip": "taken and ignored: nothing is printed",
            "confirm": "taken and ignored: which questions it answers is up to each institution",
            "402502": _GENERAL,
            "402504": _GENERAL,
            "4800090": _GENERAL,
        },
    ),
    Described(f"PUT {_ITEM}", reason=_FIXED_ITEMS),
    Described(
        f"GET {_ITEM_PART}/loans",
        parameters=("limit", "offset", "order_by", "direction", "loan_status"),
        left_out=_ITEM_ERROR | {"60340": _NO_PROFILES, "60258": _NO_PROFILES},
    ),
    Described(
        f"GET {_ITEM_PART}/requests",
        parameters=("request_type", "status"),
        codes=("402203", "402204"),
        left_out=_ITEM_ERROR | {"60340": _NO_PROFILES, "60258": _NO_PROFILES},
    ),
)

CONF = (
    Described(
        "GET /conf/departments",
        parameters=("type", "library"),
        left_out={**_UNCAUSED, "view": _ALL_PARTS},
    ),
    Described(
        "GET /conf/general",
        left_out={**_UNCAUSED, "expand": "there is no ingest form"},
    ),
    Described("GET /conf/libraries", left_out=_UNCAUSED),
    Described("GET /conf/libraries/{libraryCode}", codes=("402119",)),
    Described("GET /conf/libraries/{libraryCode}/circ-desks/", parameters=("limit", "offset"), codes=("402119",)),
    Described("GET /conf/libraries/{libraryCode}/circ-desks/{circDeskCode}", codes=("402119", "401664")),
    Described(
        "GET /conf/mapping-tables/{mappingTableName}",
        parameters=("scope",),
        codes=("40166411",),
        left_out=_UNCAUSED,
    ),
    Described("PUT /conf/mapping-tables/{mappingTableName}", reason="the codes of the institution do not change"),
    Described(
        "GET /conf/sets",
        parameters=("content_type", "set_type", "q", "limit", "offset", "set_origin"),
        codes=("40166410", "60106"),
        left_out={"60107": "no parameter of this list names a set"},
    ),
    Described(
        "POST /conf/sets",
        codes=("402262", "402263", "402265", "60209", "60210"),
        left_out={
            **_UNCAUSED,
            **dict.fromkeys(
                ("population", "job_instance_id", "from_logical_set", "combine", "set1", "set2", "filter_set"),
                _NO_COMBINING,
            ),
            **dict.fromkeys(
                (
                    "500127",
                    "402264",
                    "402266",
                    "402267",
                    "402218",
                    "60204",
                    "60205",
                    "60206",
                    "60311",
                    "60107",
                ),
                _NEVER_COMBINED,
            ),
            **dict.fromkeys(("60334", "60335", "60336"), _NO_NETWORK),
            "nz_set_from_iz_set": "refused with 402265: there is no network zone",
            "indication_rule": "taken and ignored: it filters what a set is made of, and a set is made empty",
        },
    ),
    Described("DELETE /conf/sets/{set_id}", codes=("402264",), left_out={"402282": _GENERAL}),
    Described("GET /conf/sets/{set_id}", codes=("60107",)),
    Described(
        "POST /conf/sets/{set_id}",
        parameters=("id_type", "op", "fail_on_invalid_id"),
        codes=(
            "60107",
            "60111",
            "60112",
            "60113",
            "60114",
            "60115",
            "60116",
            "60117",
            "60118",
            "60119",
            "60120",
            "60176",
            "40166410",
        ),
    ),
    Described(
        "PUT /conf/sets/{set_id}",
        codes=("60107", "402261", "402228", "402263"),
        left_out={
            "402269": "the question of a logical set cannot be changed",
            "402270": "the question of a logical set cannot be changed",
            "40166408": _GENERAL,
        },
    ),
    Described(
        "GET /conf/sets/{set_id}/members",
        parameters=("limit", "offset"),
        codes=("60107",),
        left_out={"60108": _GENERAL, "60110": _GENERAL},
    ),
    Described("GET /conf/test"),
    Described("POST /conf/test"),
)

ANALYTICS = (
    Described(
        "GET /analytics/reports",
        parameters=("path", "limit", "col_names", "token"),
        codes=("402119",),
        left_out={
            "filter": f"refused with 402119: {_WHOLE_REPORT}",
            "500": "no folder is closed to a key; an unknown path is HTTP 500 with INTERNAL_SERVER_ERROR",
        },
    ),
    Described("GET /analytics/test"),
    Described("POST /analytics/test"),
)

DESCRIBED = {"bibs": BIBS, "conf": CONF, "analytics": ANALYTICS}
"""What there is, by the name of the description."""


def write_left_out() -> str:
    """Write what is left out as a table in Markdown: request, parameter or code, reason."""
    lines = ["| request | left out | why |", "| --- | --- | --- |"]
    for described in (each for area in DESCRIBED.values() for each in area):
        lines += [f"| {request} | {name} | {reason} |" for request, name, reason in _list_left_out(described)]
    return "\n".join(lines)


def _list_left_out(described: Described) -> Iterator[tuple[str, str, str]]:
    request = f"`{described.request}`"
    if described.reason:
        yield request, "all of it", described.reason
    reasons: dict[str, list[str]] = {}
    for name, reason in described.left_out.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        yield request, ", ".join(f"`{name}`" for name in names), reason
