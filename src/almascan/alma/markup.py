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
_MOST_TAGS = 200_000
"""A page of 1,000 rows and 80 columns of a report has fewer; of 5 MB of tags a tree of 500 MB would be made."""
_TAG = re.compile(r"<[^>]*>")
_HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_MESSAGE = 300
_LONGEST_TEXT = 2_000
_LONGEST_PAGE = 20_000


def parse_xml(body: bytes) -> dict[str, Any] | None:
    """Read XML as ``{root: content}``.

    An element with children or attributes is a dictionary, repeated children are a list, a text with a ``desc``
    beside it is ``{"value": text, "desc": desc}``, and anything else is its text. Namespaces are left out.

    Args:
        body: The answer's body.

    Returns:
        The dictionary, or None where it is not XML (a page of HTML, half an answer, or one with entities) or holds
        more than 200,000 tags.
    """
    if body.count(b"<") > _MOST_TAGS:
        return None
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


def safe_text(text: str) -> str:
    """Make a text safe to be stored and shown: one line, of at most 2,000 characters, that moves no cursor.

    Args:
        text: A title, a code or an id, as Alma answered it.

    Returns:
        The text with a space for each line break or tab, and U+FFFD for each other control character and for each one
        that turns the direction of writing around: two texts that differ in one stay different.
    """
    return _UNSAFE.sub(_replace_unsafe, text[:_LONGEST_TEXT])


def _replace_unsafe(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else "\ufffd"


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
