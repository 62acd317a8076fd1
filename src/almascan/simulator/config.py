"""The settings of a simulated Alma: its size, its limits, and how the points that nobody is sure of turn out."""

from dataclasses import dataclass
from typing import Literal

from almascan.simulator.institution import MAXIMUM_INSTITUTIONS
from almascan.simulator.languages import Language
from almascan.simulator.readings import collect_settings

Window = Literal["sliding", "calendar"]
Environment = Literal["sandbox", "production"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorConfig:
    """How a simulated Alma is set up; every default is the likeliest reading of ``docs/alma.md``.

    Attributes:
        institutions: Number of institutions, at most 200, each with a catalogue, limits and keys of its own.
        items: Number of items in a catalogue, at most 50,000,000; it costs no memory until an item is changed.
        seed: Decides every item's data and state, and the order of random faults and latencies.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        per_second: Requests that any second may hold; 0 for no limit.
        per_minute: The same for a minute.
        per_day: Requests a day, which ends at midnight GMT; 0 for no limit.
        window: Whether a second is any second (sliding) or one of the clock's (calendar).
        latency_ms: Milliseconds that every answer takes, half of them before the request is counted.
        jitter_ms: Up to so many milliseconds are added, evenly distributed.
        environment: What ``/conf/general`` says of the institution.
        refused_requests_count: Whether a request over a limit uses up the window all the same.
        daily_status: HTTP status of the answer over the daily limit, 429 or 403.
        other_desk_reshelves: Whether a desk of the home library that does not serve the item's location puts the
            item in place instead of sending it in transit.
        lost_is_cleared: Whether a scan clears lost and claimed-returned items, as it does missing ones.
        department_reshelves: Whether finishing a work order at a department of the home library puts the item in
            place instead of sending it in transit.
        reshelving_in_place: Whether base_status is 1 while an item awaits reshelving.
        relative_location: Whether the look-up's Location leaves out scheme and host.
        location_keeps_key: Whether the look-up's Location carries a key that came in the query.
        members_repeat: Whether every fiftieth member of a set is listed twice; the set's own number counts it once.
        short_member_pages: Whether a full page of members comes without its last one; a client that goes on by the
            number received finds it on the next page.
        report_loading_answers: How many times a report is still being prepared when it is asked for.
        schema_on_every_page: Whether every page of a report names its columns, and not the first alone.
        departments_of_institution_alone: Whether departments asked for without a library are those of the whole
            institution, and not all there are.
        language: The institution's language, in which texts are answered unless ``lang`` asks for another.
        midnight_hours: Hours after midnight GMT at which the day's limit begins anew; less than 0 for before.
        readings: Names of other readings, of ``readings.READINGS``; each sets the settings that it stands for.
    """

    institutions: int = 1
    items: int = 10_000
    seed: int = 1
    port: int = 0
    per_second: int = 25
    per_minute: int = 0
    per_day: int = 0
    window: Window = "sliding"
    latency_ms: float = 0
    jitter_ms: float = 0
    environment: Environment = "production"
    refused_requests_count: bool = False
    daily_status: Literal[429, 403] = 429
    other_desk_reshelves: bool = False
    lost_is_cleared: bool = True
    department_reshelves: bool = False
    reshelving_in_place: bool = True
    relative_location: bool = False
    location_keeps_key: bool = True
    members_repeat: bool = False
    short_member_pages: bool = False
    report_loading_answers: int = 0
    schema_on_every_page: bool = False
    departments_of_institution_alone: bool = False
    language: Language = "en"
    midnight_hours: float = 0
    readings: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse sizes that the barcodes and ids cannot number, and set what the readings stand for.

        Raises:
            ValueError: If ``items`` or ``institutions`` is out of range, or there is no such reading.
        """
        if not 0 <= self.items <= MAXIMUM_ITEMS:
            raise ValueError(f"A catalogue has 0 to {MAXIMUM_ITEMS:,} items, not {self.items:,}.")
        if not 1 <= self.institutions <= MAXIMUM_INSTITUTIONS:
            raise ValueError(f"A simulator has 1 to {MAXIMUM_INSTITUTIONS} institutions, not {self.institutions:,}.")

        for name, value in collect_settings(self.readings).items():
            object.__setattr__(self, name, value)


MAXIMUM_ITEMS = 50_000_000
