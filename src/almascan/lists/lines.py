"""Lines of text from bytes: the encoding is known or refused, never guessed, and no line can fill the memory."""

import codecs
import io
import re
from collections.abc import Iterator

from almascan.errors import ListError
from almascan.lists.entry import UnsaidError
from almascan.lists.source import Source

MAX_LINE_CHARACTERS = 65_536
CHUNK_BYTES = 262_144
NEWLINE = "\n"

_MARKS = (  # UTF-32's mark begins with UTF-16's, so it comes first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXTS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})  # ways to write single words
_GUESSED_BYTES = 64  # by which UTF-16 without its mark is recognised
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NAMES = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"}


def find_encoding(source: Source, encoding: str | None) -> str:
    """Decide in which encoding a text is read: its mark, else what the operator said, else UTF-8.

    Returns:
        The name of a Python codec.

    Raises:
        ListError: There is no such encoding, or the text begins with the mark of another one.
    """
    marked = next((name for mark, name in _MARKS if source.start.startswith(mark)), None)
    if encoding is None:
        return marked or "utf-8-sig"
    said = _look_up(encoding)
    if marked is None:
        return "utf-8-sig" if said == "utf-8" else said
    if not said.startswith(marked.removesuffix("-sig")):
        raise ListError(
            f"{source.name} begins with the mark of {name_encoding(marked)}, so it is not {encoding}; "
            "leave the encoding out."
        )
    return marked


def name_encoding(encoding: str) -> str:
    """Give a codec's name as people write it."""
    return _NAMES.get(encoding, encoding)


def read_lines(source: Source, encoding: str) -> Iterator[str]:
    r"""Read lines without their ends, which may be ``\n``, ``\r\n`` or ``\r``.

    A line of more than 65,536 characters is cut to 65,537: its length says that it was cut.

    Raises:
        ListError: The bytes are no text, or not of this encoding; the message names line and byte.
    """
    texts = _decode(source, encoding)
    pending = ""
    for text in texts:
        lines = (pending + text).split("\n")
        pending = lines.pop()[: MAX_LINE_CHARACTERS + 1]
        for line in lines:
            yield line if len(line) <= MAX_LINE_CHARACTERS else line[: MAX_LINE_CHARACTERS + 1]
    if pending:
        yield pending


def _look_up(encoding: str) -> str:
    try:
        b"\0\0\0\0".decode(encoding)  # nothing at all is never looked at
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        name = ""
    if not name or name.replace("_", "-") in _NO_TEXTS:
        raise ListError(
            f"There is no encoding {encoding!r}; common ones are utf-8, utf-16, cp1252 (Windows) and latin-1."
        )
    return name


def _decode(source: Source, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    line, position = 1, 0
    while True:
        chunk = source.read(CHUNK_BYTES)
        try:
            text = newlines.decode(chunk, final=not chunk)
        except UnicodeError as error:
            raise _describe_error(source, encoding, error, line, position + len(chunk)) from error
        if not text.isascii() and (half := _HALF_CHARACTER.search(text)):
            raise _describe_unreadable(source, encoding, f"line {line + text.count(NEWLINE, 0, half.start())}")
        if "\0" in text:
            raise _describe_nul(source, line + text[: text.index("\0")].count("\n"))
        line += text.count("\n")
        position += len(chunk)
        yield text
        if not chunk:
            return


def _describe_error(source: Source, encoding: str, error: UnicodeError, line: int, end: int) -> ListError:
    """Say where the text stops being text; ``line`` and ``end`` are the chunk's first line and the byte after it."""
    where = f"line {line}"
    if isinstance(error, UnicodeDecodeError):
        good = error.object[: error.start].decode(encoding, errors="ignore")
        line += good.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        where = f"line {line}, byte {end - len(error.object) + error.start + 1:,} of the file"
    return _describe_unreadable(source, encoding, where)


def _describe_unreadable(source: Source, encoding: str, where: str) -> ListError:
    return UnsaidError(
        f"{source.name} is not {name_encoding(encoding)}: {where} cannot be read. "
        "Save it as UTF-8, or say its encoding, for example cp1252 (Windows), latin-1 or utf-16.",
        "encoding",
    )


def _describe_nul(source: Source, line: int) -> ListError:
    start = source.start[:_GUESSED_BYTES]
    odd, even = start[1::2].count(0), start[0::2].count(0)
    for mine, other, codec in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if mine > len(start) // 4 and not other:
            return UnsaidError(
                f"{source.name} looks like UTF-16 without its mark; say that its encoding is {codec}, or save it as "
                "UTF-8.",
                "encoding",
            )
    return ListError(
        f"{source.name} is not a text: line {line} has a zero byte. Give a text, a CSV or an .xlsx workbook."
    )
