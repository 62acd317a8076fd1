"""What a request's body says, in JSON or XML, as one kind of structure."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

Body = dict[str, Any]


def read_body(body: bytes) -> Body:
    """Read a body, of which the first character tells the format; the root's name in XML does not matter.

    Raises:
        ValueError: If it is no object of JSON and no document of XML.
    """
    text = body.strip()
    try:
        content = _read_element(fromstring(text)) if text.startswith(b"<") else msgspec.json.decode(text)
    except (ParseError, DefusedXmlException, msgspec.DecodeError) as error:
        raise ValueError(f"The body cannot be read: {error}") from error
    if isinstance(content, dict):
        return content
    raise ValueError("The body is no object.")


def read_text(body: Body, name: str) -> str:
    """Read a text or a code, which JSON may write as ``{"value": ...}``; "" where it is missing."""
    value = body.get(name)
    if isinstance(value, dict):
        value = value.get("value")
    return "" if value is None else str(value).strip()


def read_members(body: Body) -> list[str]:
    """Read the ids of a set's members, in their order; "" for a member without one."""
    members = body.get("members")
    entries = members.get("member") if isinstance(members, dict) else None
    if isinstance(entries, dict):
        entries = [entries]
    return [read_text(entry, "id") for entry in entries or () if isinstance(entry, dict)]


def _read_element(element: Element) -> Any:
    if len(element) == 0:
        return element.text or ""
    content: Body = {}
    for child in element:
        value = _read_element(child)
        if child.tag not in content:
            content[child.tag] = value
        elif isinstance(content[child.tag], list):
            content[child.tag].append(value)
        else:
            content[child.tag] = [content[child.tag], value]
    return content
