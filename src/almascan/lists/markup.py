"""XML of unknown origin, read in bounded memory: no document types, no entities, no endless names or nesting."""

from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

CHUNK_BYTES = 65_536
MAX_TOKEN_BYTES = 1_048_576  # one tag with its attributes
MAX_DEPTH = 64
MAX_COUNT_DIGITS = 10

Attributes = dict[str, str]


class MarkupError(ValueError):
    """The XML is broken, or such as no spreadsheet program writes."""


def local_name(name: str) -> str:
    """Take an element's or attribute's name without the prefix of its namespace."""
    return name[name.find(":") + 1 :]


def find_attribute(attributes: Attributes, name: str) -> str:
    """Give an attribute's value by its name without prefix, or ""."""
    return next((value for key, value in attributes.items() if local_name(key) == name), "")


def read_whole(text: str) -> int:
    """Read a number that counts something.

    Raises:
        MarkupError: It is none, or larger than any count here.
    """
    digits = text.strip()
    if not digits.isascii() or not digits.isdecimal() or len(digits) > MAX_COUNT_DIGITS:
        raise MarkupError(f"it has {text[:20]!r} where a number should be")
    return int(digits)


def parse_in_steps(
    stream: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Parse XML chunk by chunk; between two steps the caller takes away what its handlers have gathered.

    Args:
        stream: The bytes.
        start: Called with the local name and the attributes of each element.
        end: Called with the local name at each element's end.
        text: Called with pieces of text; None: texts are left out.

    Raises:
        MarkupError: The XML is broken or not such as a workbook has.
    """
    depth = 0

    def open_element(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise MarkupError("its elements are nested too deeply")
        start(name[name.find(":") + 1 :], attributes)

    def close_element(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name[name.find(":") + 1 :])

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = open_element
    parser.EndElementHandler = close_element
    parser.CharacterDataHandler = text
    yield from _feed(parser, stream)


def parse(stream: IO[bytes], start: Callable[[str, Attributes], None], end: Callable[[str], None]) -> None:
    """Parse XML of which only elements and attributes matter, in one go.

    Raises:
        MarkupError: The XML is broken or not such as a workbook has.
    """
    for _ in parse_in_steps(stream, start, end):
        continue


def _feed(parser: expat.XMLParserType, stream: IO[bytes]) -> Iterator[None]:
    fed = 0
    while True:
        chunk = stream.read(CHUNK_BYTES)
        try:
            parser.Parse(chunk, not chunk)
        except (expat.ExpatError, LookupError, UnicodeError) as error:  # the latter of encodings that are none
            raise MarkupError(str(error)) from error
        fed += len(chunk)
        if fed - max(parser.CurrentByteIndex, 0) > MAX_TOKEN_BYTES:
            raise MarkupError("a tag in it has no end")
        yield
        if not chunk:
            return


def _refuse_doctype(*_: object) -> None:
    raise MarkupError("it declares a document type")
