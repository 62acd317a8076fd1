"""Other readings of Alma: each point that nobody is sure of can turn out the other way; ``docs/alma.md``.

The simulator does what is likely. A reading, by its name, makes it do what is less likely; any number can be combined.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """What is otherwise, in a sentence; and the settings of ``SimulatorConfig`` that the reading stands for, if any."""

    sentence: str
    settings: Mapping[str, Any] = field(default_factory=dict)


READINGS: dict[str, Reading] = {
    "relative-location": Reading(
        "The look-up's Location is a path without scheme and host.", {"relative_location": True}
    ),
    "location-drops-key": Reading(
        "The look-up's Location leaves a key of the query out.", {"location_keeps_key": False}
    ),
    "location-shows-key": Reading("The look-up's Location carries the key, even one that came in the header."),
    "barcode-folded": Reading("Case and outer spaces of a barcode do not matter to the look-up."),
    "technical-not-found": Reading("The look-up does not find items with the process type TECHNICAL."),
    "read-needs-holding": Reading("An item is read under its own holding alone."),
    "scan-takes-any-holding": Reading("A scan is taken under any holding."),
    "unknown-404": Reading("What is unknown (a barcode, an id, a request, a set) is HTTP 404, with the same code."),
    "requested-null": Reading("requested is null also where an item is read."),
    "requested-absent": Reading("There is no requested in an item."),
    "no-awaiting-reshelving": Reading("There is no awaiting_reshelving in an item, as in older answers."),
    "empty-null": Reading("A code that is empty has the value null."),
    "empty-bare": Reading("A code that is empty has no label, not even null."),
    "relative-links": Reading("Links are paths without scheme and host, as inside cloud apps."),
    "single-object": Reading("A list of one entry is the entry itself (JSON)."),
    "other-desk-reshelves": Reading(
        "A desk of the home library that does not serve the location puts the item in place.",
        {"other_desk_reshelves": True},
    ),
    "department-reshelves": Reading(
        "Finishing a work order at a department of the home library puts the item in place.",
        {"department_reshelves": True},
    ),
    "reshelving-not-in-place": Reading(
        "An item that awaits reshelving has the base status 0.", {"reshelving_in_place": False}
    ),
    "lost-stays": Reading("A scan leaves lost and claimed-returned items as they are.", {"lost_is_cleared": False}),
    "missing-stays": Reading("A scan leaves missing items as they are."),
    "departments-of-institution": Reading(
        "Departments without a library are those of the whole institution alone.",
        {"departments_of_institution_alone": True},
    ),
    "place-general-error": Reading("An unknown library, desk or department of a scan is a general error, 401652."),
    "members-repeat": Reading("Every fiftieth member of a set is listed twice.", {"members_repeat": True}),
    "members-short-pages": Reading("A full page of members comes without its last one.", {"short_member_pages": True}),
    "report-loading": Reading(
        "A report is still being prepared the first two times it is asked for.", {"report_loading_answers": 2}
    ),
    "report-schema-always": Reading("Every page of a report names its columns.", {"schema_on_every_page": True}),
    "errors-exist-text": Reading('errorsExist is the text "true" (JSON).'),
    "error-code-number": Reading("errorCode is a number where it has digits alone (JSON)."),
    "error-single": Reading("The error is an object instead of a list of one (JSON)."),
    "error-wrapped": Reading("A refusal is wrapped in web_service_result (JSON)."),
    "error-without-result": Reading("A refusal has no result, not even null (JSON)."),
    "errors-in-xml": Reading("Every refusal is XML, also where JSON was asked for."),
    "errors-as-text": Reading("Refusals have the content type of a plain text."),
    "invalid-key-text": Reading('An unknown key is HTTP 400 with the plain text "Invalid API Key".'),
    "invalid-key-403": Reading("An unknown key is HTTP 403 with the code INVALID_REQUEST."),
    "threshold-tracked": Reading("A refusal over a limit has a tracking id."),
    "daily-403": Reading("A request over the daily limit is HTTP 403.", {"daily_status": 403}),
    "refused-counts": Reading(
        "A request over a limit uses up the limit all the same.", {"refused_requests_count": True}
    ),
    "calendar-window": Reading("A second is one of the clock's, and not any second.", {"window": "calendar"}),
}
"""All readings by name."""


def collect_settings(names: Iterable[str]) -> dict[str, Any]:
    """Collect the settings that readings stand for.

    Raises:
        ValueError: If there is no such reading; the message lists those there are.
    """
    settings: dict[str, Any] = {}
    for name in names:
        if name not in READINGS:
            raise ValueError(f"No such reading: {name}. Readings: {', '.join(READINGS)}.")
        settings |= READINGS[name].settings
    return settings


def write_readings() -> str:
    """Write the readings as a table in Markdown: name and sentence."""
    rows = (f"| `{name}` | {reading.sentence} |" for name, reading in READINGS.items())
    return "\n".join(("| reading | what is otherwise |", "| --- | --- |", *rows))
