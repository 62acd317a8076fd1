"""What a worker writes about its work: one line for each thing that happened, as text or as JSON.

A line says where it belongs (institution, run, row) without being told each time: whoever begins a piece of work puts
that into ``context``, and every task that is begun inside has it too. No key is ever written, wherever it stood.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TextIO, get_args

from almascan.progress.text import iso_time, json_bytes, plain
from almascan.settings import without_keys

Kind = Literal["text", "json"]
"""What ``--log-format`` takes."""

KINDS: tuple[Kind, ...] = get_args(Kind)

LONGEST_MESSAGE = 4_000
_LEVELS = {
    "almascan": logging.INFO,
    "": logging.WARNING,
    "asyncio": logging.ERROR,
    "psycopg": logging.ERROR,
}
"""From which level on a package is heard, and "" every other. That the database is lost almascan says, once: psycopg
would say it again for each connection that it tries to make."""
_Value = str | int | float | bool | None
_FIRST = ("worker", "institution", "run", "row")
_fields: ContextVar[dict[str, object] | None] = ContextVar("almascan_log_fields", default=None)
_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
"""What every record has, so that the rest is what a caller gave as ``extra``."""


@contextmanager
def context(**fields: object) -> Iterator[None]:
    """Give every line that is written inside these fields, also those of tasks that are begun inside."""
    token = _fields.set((_fields.get() or {}) | fields)
    try:
        yield
    finally:
        _fields.reset(token)


def set_up(kind: Kind, stream: TextIO, *, worker: str = "") -> None:
    """Have almascan's own lines written from INFO on, and those of the packages that it uses where something is wrong.

    Args:
        kind: As text for people, or as JSON, one object a line.
        stream: Where they go.
        worker: The worker's name, which stands in every line.
    """
    handler = _Lines(stream)
    handler.setFormatter(_Json(worker) if kind == "json" else _Text(worker))
    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be written is lost without a word, for the word would show what it held."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Do nothing."""


class _Json(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line: dict[str, _Value] = {
            "time": iso_time(record.created),
            "level": record.levelname.lower(),
            "message": _message(record),
        }
        line |= _fields_of(record, self._worker)
        if trace := _trace(self, record):
            line["traceback"] = trace
        return json_bytes(line).decode()


class _Text(logging.Formatter):
    """A line for people, a traceback below it."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        fields = " ".join(f"{name}={plain(str(value))}" for name, value in _fields_of(record, self._worker).items())
        line = f"{iso_time(record.created)} {record.levelname:<7} {plain(_message(record), LONGEST_MESSAGE)}"
        trace = "\n".join(plain(each, LONGEST_MESSAGE) for each in _trace(self, record).splitlines())
        return line + (f" [{fields}]" if fields else "") + (f"\n{trace}" if trace else "")


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except (TypeError, ValueError):  # a message whose places do not fit what was given for them
        message = str(record.msg)
    return without_keys(message)


def _fields_of(record: logging.LogRecord, worker: str) -> dict[str, _Value]:
    """Give where a record belongs, then what else its writer said; what is empty is left out.

    Another package's own fields are left out: nobody here knows what is in them.
    """
    found: dict[str, object] = ({"worker": worker} if worker else {}) | (_fields.get() or {})
    if _is_ours(record):
        found |= {name: value for name, value in vars(record).items() if name not in _RECORD}
    names = [name for name in _FIRST if name in found] + [name for name in found if name not in _FIRST]
    return {name: _value(found[name]) for name in names if found[name] not in ("", None)}


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "almascan"


def _value(value: object) -> _Value:
    return value if isinstance(value, int | float) else without_keys(str(value))


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not _is_ours(record):
        return ""  # a database that went away is said once, by us, and not by each query that was under way
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    if record.stack_info:
        parts.append(record.stack_info)
    return without_keys("\n".join(parts))
