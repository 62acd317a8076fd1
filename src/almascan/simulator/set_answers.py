"""Sets and their members as Alma answers them; ``docs/alma.md`` "Sets"."""

from almascan.simulator.answers import Answer, ItemWriter
from almascan.simulator.catalogue import Catalogue
from almascan.simulator.identifiers import ITEMS_PER_BIB
from almascan.simulator.sets import API_USER, CONTENTS, AlmaSet
from almascan.simulator.titles import make_bib


def write_set(alma_set: AlmaSet, members: int, base_url: str) -> Answer:
    """Write a set with the number of its members."""
    link = f"{base_url}/conf/sets/{alma_set.set_id}"
    owner = "API, Ex Libris" if alma_set.created_by == API_USER else "Okonkwo, Fumiko"
    return {
        "link": link,
        "id": alma_set.set_id,
        "name": alma_set.name,
        "description": alma_set.description,
        "type": {"value": alma_set.type, "desc": alma_set.type.title()},
        "content": {"value": alma_set.content, "desc": CONTENTS[alma_set.content]},
        "private": {"value": str(alma_set.private).lower(), "desc": "Yes" if alma_set.private else "No"},
        "status": {"value": "ACTIVE", "desc": "Active"}
        if alma_set.active
        else {"value": "INACTIVE", "desc": "Inactive"},
        "note": "",
        "query": "",
        "created_by": {"value": alma_set.created_by, "desc": owner},
        "created_date": alma_set.created_date,
        "origin": {"value": "UI", "desc": "Institution only"},
        "number_of_members": {"value": members, "link": f"{link}/members"},
    }


def write_member(catalogue: Catalogue, content: str, number: int, base_url: str) -> Answer:
    """Write a member: an item by its PID, or a title by its MMS ID; never by a barcode."""
    numbering = catalogue.numbering
    title = make_bib(numbering.seed, number // ITEMS_PER_BIB).title
    if content == "ITEM":
        return {
            "link": ItemWriter(catalogue, base_url).link(number),
            "id": numbering.pid(number),
            "description": title,
        }
    mms_id = numbering.mms_id(number)
    return {"link": f"{base_url}/bibs/{mms_id}", "id": mms_id, "description": title}
