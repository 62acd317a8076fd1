"""The operations of the API that scan-in needs, from a request's parts to a structure; no HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from almascan.simulator import answers
from almascan.simulator.answers import Answer, ItemWriter
from almascan.simulator.catalogue import Catalogue
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.dates import format_day
from almascan.simulator.institution import DEPARTMENTS, LIBRARIES, Identity, Library
from almascan.simulator.items import Loan
from almascan.simulator.languages import choose_texts
from almascan.simulator.ledger import Ledger
from almascan.simulator.refusals import (
    Refusal,
    refuse_barcode,
    refuse_holding,
    refuse_missing,
    refuse_mms_id,
    refuse_parameter,
    refuse_request,
    refuse_request_id,
)
from almascan.simulator.reports import Reports
from almascan.simulator.scan import Scan, scan_in
from almascan.simulator.sets import Sets

DEFAULT_LIMIT = 10
MAXIMUM_LIMIT = 100
MAXIMUM_DIGITS = 18
_LOAN_ORDERS: dict[str, Callable[[Loan], str]] = {
    "id": lambda loan: loan.loan_id,
    "loan_date": lambda loan: loan.loan_date,
    "due_date": lambda loan: loan.due_date,
    "return_date": lambda loan: loan.return_date,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an operation: the variable parts of its path, its query, where it came in, when and by whose key."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    base_url: str
    now: float
    key: str = ""

    def page(self) -> tuple[int, int]:
        """Read offset and limit; Alma's default limit is 10.

        Raises:
            Refusal: If one is not a number, or the limit is over 100.
        """
        limit = self._number("limit", DEFAULT_LIMIT)
        if limit > MAXIMUM_LIMIT:
            raise refuse_parameter("limit", str(limit))
        return self._number("offset", 0), limit

    def flag(self, name: str, *, default: bool) -> bool:
        """Read a yes or no without regard to case; anything but true counts as no."""
        return self.query[name].lower() == "true" if name in self.query else default

    def _number(self, name: str, default: int) -> int:
        text = self.query.get(name, "")
        if len(text) > MAXIMUM_DIGITS or (text and not (text.isascii() and text.isdigit())):
            raise refuse_parameter(name, text)
        return int(text) if text else default


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation answers: a structure under its XML root, a text of XML, an address to go on to, or nothing."""

    root: str = ""
    answer: Answer = field(default_factory=dict)
    location: str = ""
    text: str = ""
    status: int = 200


class Operations:
    """The operations over one institution's state."""

    def __init__(self, catalogue: Catalogue, ledger: Ledger, config: SimulatorConfig, identity: Identity) -> None:
        self.catalogue = catalogue
        self.ledger = ledger
        self.config = config
        self.identity = identity
        self.sets = Sets(catalogue)
        self.reports = Reports(catalogue, config)

    def find(self, call: Call) -> Result:
        """Redirect from a barcode to its item; ``docs/alma.md`` "Look-up"."""
        barcode = call.query.get("item_barcode", "")
        if not barcode:
            raise refuse_missing("item_barcode")
        number = self._number_of_barcode(barcode)
        if number is None:
            raise refuse_barcode(barcode)
        base_url = "/almaws/v1" if self.config.relative_location else call.base_url
        location = ItemWriter(self.catalogue, base_url).link(number)
        dropped = {"item_barcode"} if self.config.location_keeps_key else {"item_barcode", "apikey"}
        rest = {name: value for name, value in call.query.items() if name not in dropped}
        if "location-shows-key" in self.config.readings:
            rest |= {"apikey": call.key}
        elif "apikey" not in call.query:
            # Only a key in the query makes the rest of the query come along.
            rest = {}
        return Result(location=f"{location}?{urlencode(rest)}" if rest else location)

    def read(self, call: Call) -> Result:
        """Answer an item; any holding id will do, unless a reading says otherwise."""
        mms_id, holding_id, pid = call.path
        number = self._number(mms_id, pid)
        if "read-needs-holding" in self.config.readings and self.catalogue.numbering.holding_id(number) != holding_id:
            raise refuse_holding(mms_id, holding_id)
        item = self.catalogue.item(number)
        return Result("item", self.item_writer(call).write(item, due_date=wants_due_date(call)))

    def scan(self, call: Call) -> Result:
        """Scan an item in; the holding id must be its own, unless a reading says otherwise."""
        operation = call.query.get("op", "")
        if operation.lower() != "scan":
            raise refuse_parameter("op", operation)
        scan = _read_scan(call)
        mms_id, holding_id, pid = call.path
        number = self._number(mms_id, pid)
        is_own = self.catalogue.numbering.holding_id(number) == holding_id
        if not is_own and "scan-takes-any-holding" not in self.config.readings:
            raise refuse_holding(mms_id, holding_id)
        item = self.catalogue.item(number)
        effect = scan_in(item, scan, format_day(call.now), self.config)
        self.catalogue.keep(item)
        self.ledger.record_scan(number, effect)
        return Result("item", self.item_writer(call).write_scanned(item, effect.write_info(self.texts(call))))

    def list_requests(self, call: Call) -> Result:
        """Answer the active requests of an item, which are holds; there is no history."""
        mms_id, _, pid = call.path
        number = self._number(mms_id, pid)
        is_hold = call.query.get("request_type", "HOLD") in {"HOLD", "", "all_types"}
        active = is_hold and call.query.get("status", "active").lower() == "active"
        requests = self.catalogue.item(number).requests if active else ()
        ids = mms_id, pid, self.catalogue.numbering.barcode(number)
        written = (
            answers.write_request(request, place, ids, call.base_url, self.texts(call))
            for place, request in enumerate(requests, 1)
        )
        return Result("user_requests", answers.write_page("user_request", written, len(requests)))

    def cancel_request(self, call: Call) -> Result:
        """Cancel a patron's request for an item; the patron gets a letter unless notify_user is false.

        An item that waits on the hold shelf stays there until it is scanned.
        """
        mms_id, _, pid, request_id = call.path
        item = self.catalogue.item(self._number(mms_id, pid))
        if not call.query.get("reason"):
            raise refuse_missing("reason")
        left = tuple(request for request in item.requests if request.request_id != request_id)
        if len(left) == len(item.requests):
            raise refuse_request_id(request_id)
        item.requests = left
        if item.process_type == "REQUESTED" and not left:
            item.put()
        self.catalogue.keep(item)
        if call.flag("notify_user", default=True):
            self.ledger.letters.append((item.number, request_id))
        return Result(status=204)

    def list_loans(self, call: Call) -> Result:
        """Answer the running loan of an item, or with loan_status=Complete the past ones."""
        mms_id, _, pid = call.path
        number = self._number(mms_id, pid)
        complete = call.query.get("loan_status", "Active").lower() == "complete"
        loans = [loan for loan in self.catalogue.item(number).loans if bool(loan.return_date) == complete]
        order = _LOAN_ORDERS.get(call.query.get("order_by", ""), _LOAN_ORDERS["id"])
        loans.sort(key=order, reverse=call.query.get("direction", "asc").lower() == "desc")
        barcode = self.catalogue.numbering.barcode(number)
        offset, limit = call.page()
        page = (answers.write_loan(loan, barcode, call.base_url) for loan in loans[offset : offset + limit])
        return Result("item_loans", answers.write_page("item_loan", page, len(loans)))

    def test(self, call: Call) -> Result:
        """Say that the key works, and on GET for which institution."""
        tail = f" - institutionCode: {self.identity.code}" if call.method == "GET" else ""
        return Result(text=f"<test>{call.method} - OK{tail}</test>")

    def read_general(self, call: Call) -> Result:
        """Answer the institution's general settings."""
        return Result("general", answers.write_general(self.identity, self.config.environment, call.base_url))

    def list_libraries(self, call: Call) -> Result:
        """Answer all libraries; there are no pages."""
        written = (answers.write_library(library, self.identity, call.base_url) for library in LIBRARIES.values())
        return Result("libraries", answers.write_page("library", written, len(LIBRARIES)))

    def read_library(self, call: Call) -> Result:
        """Answer one library."""
        return Result("library", answers.write_library(_library(call.path[0]), self.identity, call.base_url))

    def list_desks(self, call: Call) -> Result:
        """Answer the desks of a library, ten to a page unless asked for more."""
        library = _library(call.path[0])
        offset, limit = call.page()
        desks = list(library.desks.values())
        page = (answers.write_desk(desk, library, call.base_url) for desk in desks[offset : offset + limit])
        return Result("circ_desks", answers.write_page("circ_desk", page, len(desks)))

    def read_desk(self, call: Call) -> Result:
        """Answer one desk."""
        library = _library(call.path[0])
        desk = library.desks.get(call.path[1])
        if desk is None:
            raise Refusal("401664", "Parameter value missing or invalid: circDeskCode")
        return Result("circ_desk", answers.write_desk(desk, library, call.base_url))

    def list_departments(self, call: Call) -> Result:
        """Answer the departments of a library, or all of them."""
        library, kind = call.query.get("library", ""), call.query.get("type", "ALL")
        everywhere = not library and not self.config.departments_of_institution_alone
        # Of the departments there are, the one of the whole institution digitizes.
        chosen = [
            department
            for department in DEPARTMENTS.values()
            if (everywhere or department.library == library) and (kind != "DIGI" or department.code == "DIGITIZE")
        ]
        written = (answers.write_department(department, self.identity) for department in chosen)
        return Result("departments", answers.write_page("department", written, len(chosen)))

    def item_writer(self, call: Call) -> ItemWriter:
        """Make the writer of a call's items."""
        return ItemWriter(self.catalogue, call.base_url, self.texts(call))

    def texts(self, call: Call) -> Mapping[str, str]:
        """Choose the texts of a call's language."""
        return choose_texts(call.query.get("lang", ""), self.config.language)

    def _number_of_barcode(self, barcode: str) -> int | None:
        numbering, readings = self.catalogue.numbering, self.config.readings
        number = numbering.number_of_barcode(barcode)
        if number is None and "barcode-folded" in readings:
            # The letters of the catalogue's own barcodes are small.
            number = numbering.number_of_barcode(barcode.strip().lower())
        hidden = "technical-not-found" in readings and number is not None
        return None if hidden and self.catalogue.item(number or 0).process_type == "TECHNICAL" else number

    def _number(self, mms_id: str, pid: str) -> int:
        numbering = self.catalogue.numbering
        if numbering.first_of_bib(mms_id) is None:
            raise refuse_mms_id(mms_id)
        number = numbering.number_of_pid(pid)
        if number is None or numbering.mms_id(number) != mms_id:
            raise refuse_parameter("item_pid", pid)
        return number


Operation = Callable[[Operations, Call], Result]


def wants_due_date(call: Call) -> bool:
    """Say whether the due date of an item on loan is to come along."""
    return "due_date" in call.query.get("expand", "").split(",")


def _library(code: str) -> Library:
    library = LIBRARIES.get(code)
    if library is None:
        raise refuse_request()
    return library


def _read_scan(call: Call) -> Scan:
    texts = ("library", "circ_desk", "department", "work_order_type", "status", "request_id")
    return Scan(
        **{name: call.query.get(name, "") for name in texts},
        done=call.flag("done", default=False),
        place_on_hold_shelf=call.flag("place_on_hold_shelf", default=False),
        register_in_house_use=call.flag("register_in_house_use", default=True),
    )
