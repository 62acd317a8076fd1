"""What Alma answers, as plain structures from which JSON and XML are written; ``docs/alma.md`` "Item"."""

from collections.abc import Iterable, Mapping
from typing import Any

from almascan.simulator.catalogue import Catalogue
from almascan.simulator.identifiers import ITEMS_PER_BIB
from almascan.simulator.institution import (
    DEPARTMENTS,
    LIBRARIES,
    PROCESS_TYPES,
    WORK_ORDER_TYPES,
    CircDesk,
    Department,
    Identity,
    Library,
)
from almascan.simulator.items import Item, Loan, Request
from almascan.simulator.languages import FOR_PATRON, IN_PLACE, NOT_IN_PLACE, TEXTS
from almascan.simulator.titles import make_bib

Answer = dict[str, Any]
_EMPTY = {"value": "", "desc": None}
_NULL = {"value": None, "desc": None}
_ENUMERATION = {f"enumeration_{letter}": "" for letter in "abcdefgh"} | {f"chronology_{x}": "" for x in "ijklm"}
_NOTES = {f"{kind}_note_{n}": "" for kind in ("internal", "statistics") for n in (1, 2, 3)}


def coded(value: str, desc: str | None) -> Answer:
    """Write a code and its label; an empty code has no label."""
    return {"value": value, "desc": desc} if value else _EMPTY


class ItemWriter:
    """Writes items of a catalogue.

    ``base_url`` is the address that links start with, ``texts`` has the texts of a language by the English ones.
    """

    def __init__(self, catalogue: Catalogue, base_url: str, texts: Mapping[str, str] = TEXTS["en"]) -> None:
        self._catalogue = catalogue
        self._base_url = base_url
        self._texts = texts

    def link(self, number: int) -> str:
        """Return an item's own address."""
        numbering = self._catalogue.numbering
        holding = f"{self._base_url}/bibs/{numbering.mms_id(number)}/holdings/{numbering.holding_id(number)}"
        return f"{holding}/items/{numbering.pid(number)}"

    def write(self, item: Item, *, due_date: bool = False) -> Answer:
        """Write an item as a GET answers it, with its due date if asked for."""
        data = self._item_data(item)
        if due_date:
            data["due_date"] = item.loan.due_date if item.loan else ""
            data["due_date_policy"] = "Loanable"
        return {
            "bib_data": self._bib_data(item.number),
            "holding_data": self._holding_data(item),
            "item_data": data,
            "link": self.link(item.number),
        }

    def write_scanned(self, item: Item, additional_info: str) -> Answer:
        """Write an item as a scan answers it: ``requested`` says nothing, additional_info comes along."""
        answer = self.write(item)
        answer["item_data"]["requested"] = None
        answer["additional_info"] = additional_info
        return answer

    def _bib_data(self, number: int) -> Answer:
        bib = make_bib(self._catalogue.numbering.seed, number // ITEMS_PER_BIB)
        mms_id = self._catalogue.numbering.mms_id(number)
        return {
            "mms_id": mms_id,
            "title": bib.title,
            "author": bib.author,
            "issn": None,
            "isbn": bib.isbn,
            "complete_edition": "",
            "network_number": [bib.oclc_number, f"(EXLNZ-01SIM_NETWORK){mms_id[:-4]}7702"],
            "place_of_publication": bib.place,
            "date_of_publication": bib.year,
            "publisher_const": bib.publisher,
            "bib_suppress_from_publishing": "false",
            "link": f"{self._base_url}/bibs/{mms_id}",
        }

    def _holding_data(self, item: Item) -> Answer:
        numbering = self._catalogue.numbering
        mms_id, holding_id = numbering.mms_id(item.number), numbering.holding_id(item.number)
        library = LIBRARIES.get(item.temp_library)
        temporary = library is not None
        bib = make_bib(numbering.seed, item.number // ITEMS_PER_BIB)
        return {
            "holding_id": holding_id,
            "call_number_type": {"value": "0", "desc": "Library of Congress classification"},
            "call_number": bib.call_number,
            "accession_number": "",
            "copy_id": str(1 + item.number % ITEMS_PER_BIB),
            "in_temp_location": temporary,
            "temp_library": coded(item.temp_library, library.name) if library else _NULL,
            "temp_location": coded(item.temp_location, library.locations[item.temp_location].name)
            if library
            else _NULL,
            "temp_call_number_type": _EMPTY,
            "temp_call_number": "",
            "temp_call_number_source": "",
            "temp_policy": _EMPTY,
            "permanent_call_number_type": {"value": "0", "desc": "Library of Congress classification"},
            "permanent_call_number": bib.call_number,
            "due_back_date": "",
            "holding_suppress_from_publishing": "false",
            "calculated_suppress_from_publishing": "false",
            "link": f"{self._base_url}/bibs/{mms_id}/holdings/{holding_id}",
        }

    def _item_data(self, item: Item) -> Answer:
        numbering = self._catalogue.numbering
        library = LIBRARIES[item.library]
        data: Answer = {
            "pid": numbering.pid(item.number),
            "barcode": numbering.barcode(item.number),
            "creation_date": item.creation_date,
            "modification_date": item.modification_date,
            "base_status": self._base_status(item),
            "awaiting_reshelving": item.awaiting_reshelving,
            "physical_material_type": {"value": "BOOK", "desc": self._say("Book")},
            "policy": {"value": "Gen", "desc": "General"},
            "process_type": coded(item.process_type, self._say(PROCESS_TYPES.get(item.process_type, ""))),
            "library": {"value": library.code, "desc": library.name},
            "location": coded(item.location, library.locations[item.location].name),
            "requested": bool(item.requests),
            "arrival_date": item.creation_date,
        }
        data.update(_CONSTANT_ITEM_DATA)
        if item.work_order_type:
            department = DEPARTMENTS.get(item.work_order_at)
            data["work_order_type"] = coded(item.work_order_type, WORK_ORDER_TYPES.get(item.work_order_type))
            data["work_order_at"] = coded(item.work_order_at, department.name if department else item.work_order_at)
        if item.awaiting_reshelving:
            data["reshelving_time"] = item.modification_date
        return data

    def _base_status(self, item: Item) -> Answer:
        return {"value": item.base_status, "desc": self._say(IN_PLACE if item.base_status == "1" else NOT_IN_PLACE)}

    def _say(self, english: str) -> str:
        return self._texts.get(english, english)


_CONSTANT_ITEM_DATA: Answer = {
    "provenance": _EMPTY,
    "po_line": "",
    "is_magnetic": False,
    "year_of_issue": "",
    **_ENUMERATION,
    "break_indicator": _EMPTY,
    "pattern_type": _EMPTY,
    "linking_number": "",
    "type_of_unit": "",
    "description": "",
    "receiving_operator": "import",
    "inventory_number": "",
    "inventory_price": "",
    "alternative_call_number": "",
    "alternative_call_number_type": _EMPTY,
    "storage_location_id": "",
    "pages": "",
    "pieces": "1",
    "public_note": "",
    "fulfillment_note": "",
    **_NOTES,
    "edition": None,
    "imprint": None,
    "language": None,
    "physical_condition": _NULL,
    "committed_to_retain": {"value": "false", "desc": "No"},
    "retention_reason": _EMPTY,
    "retention_note": "",
}


def write_page(name: str, entries: Iterable[Answer], total: int) -> Answer:
    """Write a page of a list; the list's key is absent where the page is empty."""
    page = list(entries)
    return ({name: page} if page else {}) | {"total_record_count": total}


def write_loan(loan: Loan, barcode: str, base_url: str) -> Answer:
    """Write a loan of an item."""
    return {
        "loan_id": loan.loan_id,
        "circ_desk": {"value": loan.circ_desk, "desc": loan.circ_desk},
        "library": coded(loan.library, LIBRARIES[loan.library].name),
        "user_id": loan.user_id,
        "item_barcode": barcode,
        "due_date": loan.due_date,
        "loan_status": "COMPLETE" if loan.return_date else "ACTIVE",
        "loan_date": loan.loan_date,
        "return_date": loan.return_date,
        "link": f"{base_url}/users/{loan.user_id}/loans/{loan.loan_id}",
    }


def write_request(
    request: Request, place: int, ids: tuple[str, str, str], base_url: str, texts: Mapping[str, str]
) -> Answer:
    """Write a patron's request; ``ids`` are MMS ID, item PID and barcode, ``place`` counts from 1."""
    mms_id, pid, barcode = ids
    library = LIBRARIES[request.pickup_library]
    return {
        "title": "",
        "mms_id": mms_id,
        "item_id": pid,
        "barcode": barcode,
        "request_id": request.request_id,
        "request_type": "HOLD",
        "request_sub_type": {"value": "PATRON_PHYSICAL", "desc": texts.get(FOR_PATRON, FOR_PATRON)},
        "pickup_location": library.name,
        "pickup_location_type": "LIBRARY",
        "pickup_location_library": library.code,
        "pickup_location_circulation_desk": request.pickup_desk,
        "user_primary_id": request.user_id,
        "place_in_queue": place,
        "request_status": request.status,
        "request_date": request.request_date,
        "link": f"{base_url}/users/{request.user_id}/requests/{request.request_id}",
    }


def write_library(library: Library, identity: Identity, base_url: str) -> Answer:
    """Write a library as the list of libraries holds it."""
    first = next(iter(library.locations.values()))
    return {
        "link": f"{base_url}/conf/libraries/{library.code}",
        "code": library.code,
        "path": f"{identity.code.removesuffix('_INST')}.{identity.code}.{library.code}",
        "name": library.name,
        "description": library.name,
        "resource_sharing": library.resource_sharing,
        "campus": _EMPTY,
        "proxy": "",
        "default_location": coded(first.code, first.name),
    }


def write_desk(desk: CircDesk, library: Library, base_url: str) -> Answer:
    """Write a circulation desk with the locations it serves."""
    return {
        "link": f"{base_url}/conf/libraries/{library.code}/circ-desks/{desk.code}",
        "code": desk.code,
        "name": desk.name,
        "primary": desk.primary,
        "reading_room_desk": False,
        "location": [{"location_code": code, "location_name": library.locations[code].name} for code in desk.locations],
    }


def write_department(department: Department, identity: Identity) -> Answer:
    """Write a department."""
    owner = LIBRARIES.get(department.library)
    return {
        "code": department.code,
        "name": department.name,
        "type": {"value": department.type, "desc": department.type.title()},
        "circ_desk": {"value": ""},
        "owner": {"value": owner.code, "desc": owner.name}
        if owner
        else {"value": identity.code, "desc": identity.name},
        "served_libraries": {"library": [coded(code, LIBRARIES[code].name) for code in department.served]},
    }


def write_general(identity: Identity, environment: str, base_url: str) -> Answer:
    """Write the institution's general settings."""
    return {
        "institution": {"value": identity.code, "desc": identity.name},
        "environment_type": environment.upper(),
        "alma_url": base_url.removesuffix("/almaws/v1"),
    }
