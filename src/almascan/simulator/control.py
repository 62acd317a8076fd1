"""The control plane under /simulator/: how a test, a demo or a person at a terminal moves the simulated Alma.

It needs no key, counts in no limit, and answers only where the Host header names this machine.

=========================================== ==================================================================
request                                     does
=========================================== ==================================================================
GET  /simulator/stats                       requests, refused, by_operation, scans, items_scanned,
                                            items_scanned_twice, letters, loans_returned, in_house_uses
GET  /simulator/counts                      scans per barcode, of the items that were scanned
GET  /simulator/log?limit=N                 the last requests: time, operation, subject, status
GET  /simulator/barcodes?state=S&limit=N    barcodes in a state, one a line; "unknown" for ones nobody has
GET  /simulator/items/BARCODE               an item's state (a PID will do as well)
PATCH or POST /simulator/items/BARCODE      changes it, as another operator would: ``Catalogue.change``
GET, POST, DELETE /simulator/faults         the standing faults; plan one more; forget all: ``faults.Fault``
GET, POST /simulator/clock                  the time, and ``{"offset_seconds": 3600}`` to move it
POST /simulator/reset                       forgets every change, count, limit used and fault
GET  /simulator/ready                       what the ready file holds
=========================================== ==================================================================

A request that cannot be done is answered 400 or 404 with ``{"error": "a sentence"}``.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from almascan.simulator.application import Application
from almascan.simulator.dates import format_day
from almascan.simulator.faults import Fault
from almascan.simulator.identifiers import ITEMS_PER_BIB
from almascan.simulator.items import Item
from almascan.simulator.ready import describe
from almascan.simulator.titles import make_bib

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BARCODES_AT_ONCE = 1000
T = TypeVar("T")


def make_control(application: Application) -> Starlette:
    """Make the control plane of an application."""
    control = Control(application)
    return Starlette(
        routes=[
            Route("/simulator/stats", control.read_stats),
            Route("/simulator/counts", control.read_counts),
            Route("/simulator/log", control.read_log),
            Route("/simulator/barcodes", control.list_barcodes),
            Route("/simulator/items/{name}", control.read_item, methods=["GET"]),
            Route("/simulator/items/{name}", control.change_item, methods=["PATCH", "POST"]),
            Route("/simulator/faults", control.faults, methods=["GET", "POST", "DELETE"]),
            Route("/simulator/clock", control.clock, methods=["GET", "POST"]),
            Route("/simulator/reset", control.reset, methods=["POST"]),
            Route("/simulator/ready", control.read_ready),
        ],
        exception_handlers={HTTPException: _write_error},
    )


class Control:
    """The requests of the control plane over an application."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._gateway = application.gateway

    async def read_stats(self, request: Request) -> Response:
        """Answer the ledger's sums."""
        _check_host(request)
        return _json(self._gateway.ledger.stats())

    async def read_counts(self, request: Request) -> Response:
        """Answer scans per barcode."""
        _check_host(request)
        return _json(count_scans(self._application))

    async def read_log(self, request: Request) -> Response:
        """Answer the last requests, oldest first."""
        _check_host(request)
        entries = list(self._gateway.ledger.log)[-_read_number(request, "limit", 100) :]
        names = ("time", "operation", "subject", "status")
        return _json([dict(zip(names, entry, strict=True)) for entry in entries])

    async def list_barcodes(self, request: Request) -> Response:
        """Answer barcodes in a state, one a line."""
        _check_host(request)
        limit = _read_number(request, "limit", 100)
        try:
            barcodes = self._gateway.catalogue.barcodes(request.query_params.get("state", "in_transit"), limit)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return StreamingResponse(_stream_lines(barcodes), media_type="text/plain")

    async def read_item(self, request: Request) -> Response:
        """Answer an item's state."""
        _check_host(request)
        return _json(describe_item(self._application, self._gateway.catalogue.item(self._find(request))))

    async def change_item(self, request: Request) -> Response:
        """Change an item as another operator would, and answer its state."""
        _check_host(request)
        number = self._find(request)
        fields = await _read_json(request, dict[str, Any])
        try:
            item = self._gateway.catalogue.change(number, fields, format_day(self._application.clock.now()))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return _json(describe_item(self._application, item))

    async def faults(self, request: Request) -> Response:
        """List, plan or forget faults."""
        _check_host(request)
        if request.method == "POST":
            self._application.faults.add(await _read_json(request, Fault))
        elif request.method == "DELETE":
            self._application.faults.clear()
        return _json(self._application.faults.standing())

    async def clock(self, request: Request) -> Response:
        """Answer the time, moved first if asked to."""
        _check_host(request)
        clock = self._application.clock
        if request.method == "POST":
            clock.offset_seconds = (await _read_json(request, ClockSetting)).offset_seconds
        return _json({"now": clock.now(), "offset_seconds": clock.offset_seconds})

    async def reset(self, request: Request) -> Response:
        """Start anew."""
        _check_host(request)
        self._application.reset()
        return _json({})

    async def read_ready(self, request: Request) -> Response:
        """Answer what the ready file holds, for the address that was asked."""
        _check_host(request)
        return _json(describe(self._gateway.catalogue, f"http://{request.headers['host']}"))

    def _find(self, request: Request) -> int:
        name = request.path_params["name"]
        number = self._gateway.catalogue.find(name)
        if number is None:
            raise HTTPException(404, f"No item has the barcode or PID {name}.")
        return number


class ClockSetting(msgspec.Struct, forbid_unknown_fields=True):
    """How far the simulated Alma's clock is ahead of the machine's, in seconds."""

    offset_seconds: float


def describe_item(application: Application, item: Item) -> dict[str, Any]:
    """Tell an item's title, ids, state and number of scans, as JSON-ready values."""
    catalogue = application.gateway.catalogue
    bib = make_bib(catalogue.numbering.seed, item.number // ITEMS_PER_BIB)
    loan = item.loan
    return asdict(item) | {
        "barcode": catalogue.numbering.barcode(item.number),
        "mms_id": catalogue.numbering.mms_id(item.number),
        "holding_id": catalogue.numbering.holding_id(item.number),
        "pid": catalogue.numbering.pid(item.number),
        "title": bib.title,
        "call_number": bib.call_number,
        "due_date": loan.due_date if loan else "",
        "requested": bool(item.requests),
        "states": list(item.states()),
        "scans": application.gateway.ledger.scans_by_item[item.number],
    }


def count_scans(application: Application) -> dict[str, int]:
    """Count the scans of every item that was scanned, by barcode."""
    name = application.gateway.catalogue.numbering.barcode
    return {name(number): scans for number, scans in application.gateway.ledger.scans_by_item.items() if scans}


def _check_host(request: Request) -> None:
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if host not in _LOOPBACK:
        raise HTTPException(403, "The control plane answers this machine alone.")


def _read_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise HTTPException(400, f"{name} is a whole number, not {text}.")
    return int(text)


async def _read_json(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as error:
        raise HTTPException(400, f"The body cannot be used: {error}.") from None


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


async def _write_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - starlette's signature
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, str(error))
    return Response(msgspec.json.encode({"error": detail}), status, media_type="application/json")


async def _stream_lines(barcodes: Iterator[str]) -> AsyncIterator[str]:
    while page := list(islice(barcodes, _BARCODES_AT_ONCE)):
        yield "".join(f"{barcode}\n" for barcode in page)
        # Let other requests be served between two pages.
        await asyncio.sleep(0)
