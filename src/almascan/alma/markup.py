"""Alma's XML as the dictionaries that its JSON would be, so that everything behind reads one shape.

Alma answers XML where it likes, JSON asked for or not; ``docs/alma.md`` "Errors".
"""

import html
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

_DEEPEST = 30
_TAG = re.compile(r"<[^>]*>")
_HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_LONGEST_MESSAGE = 300
_LONGEST_PAGE = 20_000


def parse_xml(body: bytes) -> dict[str, Any] | None:
    """Read XML as ``{root: content}``.

    An element with children or attributes is a dictionary, repeated children are a list, a text with a ``desc``
    beside it is ``{"value": text, "desc": desc}``, and anything else is its text. Namespaces are left out.

    Args:
        body: The answer's body.

    Returns:
        The dictionary, or None where it is not XML (a page of HTML, half an answer, or one with entities).
    """
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError):
        return None
    return {_name(root.tag): _content(root, _DEEPEST)}


def plain_text(text: str) -> str:
    """Take mark-up and control characters out of a text and cut it to 300 characters.

    Args:
        text: A message or a page that Alma or something before it answered with.

    Returns:
        One line for a person to read.
    """
    bare = html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text[:_LONGEST_PAGE])))
    printable = "".join(character if character.isprintable() else " " for character in bare)
    return " ".join(printable.split())[:_LONGEST_MESSAGE]


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _content(element: Element, depth: int) -> Any:
    text = (element.text or "").strip()
    attributes = {_name(key): value for key, value in element.attrib.items()}
    if not len(element):
        return {"value": text, **attributes} if attributes else text
    if not depth:
        return ""
    content: dict[str, Any] = attributes
    for name, value in _children(element, depth - 1):
        if name not in content:
            content[name] = value
        elif isinstance(content[name], list):
            content[name].append(value)
        else:
            content[name] = [content[name], value]
    return content


def _children(element: Element, depth: int) -> Iterator[tuple[str, Any]]:
    for child in element:
        yield _name(child.tag), _content(child, depth)
