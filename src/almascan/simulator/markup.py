"""The two formats of an answer: JSON and XML of the same structure; ``docs/alma.md`` "Formats"."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape, quoteattr

import msgspec

JSON_TYPE = "application/json;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"
TEXT_TYPE = "text/plain;charset=UTF-8"
PROLOGUE = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_ERROR_NAMESPACE = "http://com/exlibris/urm/general/xmlbeans"
# Characters that no XML document may hold, whatever an item's note says.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ATTRIBUTES = ("link", "desc", "total_record_count")
_WRAPPED = {"network_number": "network_numbers", "row": "rows"}

encode_json = msgspec.json.Encoder().encode


def wants_json(accept: str, query: Mapping[str, str]) -> bool:
    """Decide the format: ``format`` in the query, else the first of JSON, XML and */* in Accept, else XML."""
    if "format" in query:
        return query["format"].lower() == "json"
    for media_range in accept.split(","):
        kind = media_range.partition(";")[0].strip().lower()
        if kind == "application/json":
            return True
        if kind in {"application/xml", "text/xml", "*/*", "application/*"}:
            return False
    return False


def write_xml(root: str, answer: Mapping[str, Any]) -> bytes:
    """Write an answer as XML under a root element; link, desc and total_record_count become attributes."""
    return (PROLOGUE + _write_element(root, answer)).encode()


def write_error_xml(code: str, message: str, tracking_id: str) -> bytes:
    """Write a refusal as XML, in its default namespace and without ``result``."""
    tracking = f"<trackingId>{tracking_id}</trackingId>" if tracking_id else ""
    return (
        f'{PROLOGUE}<web_service_result xmlns="{_ERROR_NAMESPACE}"><errorsExist>true</errorsExist><errorList><error>'
        f"<errorCode>{write_text(code)}</errorCode><errorMessage>{write_text(message)}</errorMessage>{tracking}"
        "</error></errorList></web_service_result>"
    ).encode()


def make_error(code: str, message: str, tracking_id: str) -> dict[str, Any]:
    """Make a refusal's structure in JSON."""
    error = {"errorCode": code, "errorMessage": message}
    if tracking_id:
        error["trackingId"] = tracking_id
    return {"errorsExist": True, "errorList": {"error": [error]}, "result": None}


def write_error_json(code: str, message: str, tracking_id: str) -> bytes:
    """Write a refusal as JSON."""
    return encode_json(make_error(code, message, tracking_id))


def parse_query(query: str) -> dict[str, str]:
    """Read a query string; of a name given twice the first value counts."""
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def write_text(text: str) -> str:
    """Write a text between two tags; characters that XML forbids are left out."""
    return escape(_FORBIDDEN.sub("", text))


def _write_element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return _write_parent(name, value)
    if isinstance(value, list):
        elements = "".join(_write_element(name, entry) for entry in value)
        return f"<{_WRAPPED[name]}>{elements}</{_WRAPPED[name]}>" if name in _WRAPPED else elements
    text = str(value).lower() if isinstance(value, bool) else write_text(str(value))
    return f"<{name}>{text}</{name}>"


def _write_parent(name: str, value: Mapping[str, Any]) -> str:
    attributes = "".join(
        f" {key}={quoteattr(_FORBIDDEN.sub('', str(value[key])))}" for key in _ATTRIBUTES if value.get(key) is not None
    )
    if "value" in value:
        inner = "" if value["value"] is None else write_text(str(value["value"]))
    else:
        inner = "".join(_write_element(key, child) for key, child in value.items() if key not in _ATTRIBUTES)
    return f"<{name}{attributes}>{inner}</{name}>"
