"""Answers in the shapes that Alma's have, with made-up data."""

import json
from typing import Any

from almascan.model import Desk, ItemIds

IDS = ItemIds("990001", "220001", "230001")
DESK = Desk(library="MAIN", circ_desk="DEFAULT_CIRC_DESK")
LOCATION = "/almaws/v1/bibs/990001/holdings/220001/items/230001"


def item_tree(**item_data: Any) -> dict[str, Any]:
    """An item in place, changed as told."""
    return {
        "additional_info": "Item's destination is: X. Requester: Doe, Jane. Requester ID: 4711. Place in Queue: 0",
        "bib_data": {"mms_id": "990001", "title": "A title"},
        "holding_data": {"holding_id": "220001", "call_number": "QA 76", "in_temp_location": False},
        "item_data": {
            "pid": "230001",
            "barcode": "303011kj0",
            "base_status": {"value": "1", "desc": "Item in place"},
            "process_type": {"value": "", "desc": None},
            "library": {"value": "MAIN", "desc": "Main Library"},
            "location": {"value": "stacks", "desc": "Stacks"},
            "requested": None,
            "modification_date": "2026-11-09Z",
        }
        | item_data,
    }


def item_json(**item_data: Any) -> bytes:
    return json.dumps(item_tree(**item_data)).encode()


ITEM_XML = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?><item link="https://x/items/230001"><bib_data
link="https://x"><mms_id>990001</mms_id><title>A &lt;b&gt; title</title></bib_data><holding_data><holding_id>220001</holding_id>
<call_number>QA 76</call_number><in_temp_location>true</in_temp_location><temp_library desc="Branch">BR</temp_library>
<temp_location desc="Shelf">sh</temp_location></holding_data><item_data><pid>230001</pid><barcode>303011kj0</barcode>
<base_status desc="Item not in place">0</base_status><process_type desc="Transit">TRANSIT</process_type>
<awaiting_reshelving>false</awaiting_reshelving><requested>true</requested><library desc="Main Library">MAIN</library>
<location desc="Stacks">stacks</location></item_data></item>"""


def error_tree(code: Any, message: str = "Something was said.", tracking_id: str = "E01-0911") -> dict[str, Any]:
    error = {"errorCode": code, "errorMessage": message, "trackingId": tracking_id}
    return {"errorsExist": True, "errorList": {"error": [error]}, "result": None}


def error_json(code: Any, message: str = "Something was said.") -> bytes:
    return json.dumps(error_tree(code, message)).encode()


def error_xml(code: str, message: str = "Something was said.") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><web_service_result '
        'xmlns="http://com/exlibris/urm/general/xmlbeans"><errorsExist>true</errorsExist><errorList><error><errorCode>'
        f"{code}</errorCode><errorMessage>{message}</errorMessage></error></errorList></web_service_result>"
    ).encode()


HTML = b"<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body><h1>Bad&nbsp;Gateway</h1><p>x</body></html>"
