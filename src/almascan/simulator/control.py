"""The control plane under /simulator/: how a test, a demo or a person at a terminal moves the simulated Alma.

It needs no key, counts in no limit, and answers only where the Host header names this machine. ``institution=CODE``
in the query says which of several institutions is meant; without it the first is, and a reset is of everything.

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
from almascan.simulator.faults import Fault
from almascan.simulator.ready import describe
from almascan.simulator.tenant import Tenant

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
        self._tenants = {tenant.gateway.identity.code: tenant for tenant in application.tenants}

    async def read_stats(self, request: Request) -> Response:
        """Answer the ledger's sums."""
        _check_host(request)
        return _json(self._find_tenant(request).gateway.ledger.stats())

    async def read_counts(self, request: Request) -> Response:
        """Answer scans per barcode."""
        _check_host(request)
        return _json(self._find_tenant(request).count_scans())

    async def read_log(self, request: Request) -> Response:
        """Answer the last requests, oldest first."""
        _check_host(request)
        entries = list(self._find_tenant(request).gateway.ledger.log)[-_read_number(request, "limit", 100) :]
        names = ("time", "operation", "subject", "status")
        return _json([dict(zip(names, entry, strict=True)) for entry in entries])

    async def list_barcodes(self, request: Request) -> Response:
        """Answer barcodes in a state, one a line."""
        _check_host(request)
        limit, catalogue = _read_number(request, "limit", 100), self._find_tenant(request).gateway.catalogue
        try:
            barcodes = catalogue.barcodes(request.query_params.get("state", "in_transit"), limit)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return StreamingResponse(_stream_lines(barcodes), media_type="text/plain")

    async def read_item(self, request: Request) -> Response:
        """Answer an item's state."""
        _check_host(request)
        return _json(_describe_item(self._find_tenant(request), request.path_params["name"]))

    async def change_item(self, request: Request) -> Response:
        """Change an item as another operator would, and answer its state."""
        _check_host(request)
        tenant, name = self._find_tenant(request), request.path_params["name"]
        _describe_item(tenant, name)
        fields = await _read_json(request, dict[str, Any])
        try:
            tenant.change_item(name, fields, self._application.clock.now())
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return _json(_describe_item(tenant, name))

    async def faults(self, request: Request) -> Response:
        """List, plan or forget faults."""
        _check_host(request)
        faults = self._find_tenant(request).faults
        if request.method == "POST":
            faults.add(await _read_json(request, Fault))
        elif request.method == "DELETE":
            faults.clear()
        return _json(faults.standing())

    async def clock(self, request: Request) -> Response:
        """Answer the time, moved first if asked to."""
        _check_host(request)
        clock = self._application.clock
        if request.method == "POST":
            clock.offset_seconds = (await _read_json(request, ClockSetting)).offset_seconds
        return _json({"now": clock.now(), "offset_seconds": clock.offset_seconds})

    async def reset(self, request: Request) -> Response:
        """Start anew, with everything or with one institution."""
        _check_host(request)
        (self._find_tenant(request) if "institution" in request.query_params else self._application).reset()
        return _json({})

    async def read_ready(self, request: Request) -> Response:
        """Answer what the ready file holds, for the address that was asked."""
        _check_host(request)
        return _json(describe(self._application, self._find_tenant(request), f"http://{request.headers['host']}"))

    def _find_tenant(self, request: Request) -> Tenant:
        code = request.query_params.get("institution", self._application.gateway.identity.code)
        if code not in self._tenants:
            raise HTTPException(404, f"No institution has the code {code}.")
        return self._tenants[code]


class ClockSetting(msgspec.Struct, forbid_unknown_fields=True):
    """How far the simulated Alma's clock is ahead of the machine's, in seconds."""

    offset_seconds: float


def _describe_item(tenant: Tenant, name: str) -> dict[str, Any]:
    try:
        return tenant.describe_item(name)
    except KeyError as error:
        raise HTTPException(404, error.args[0]) from None


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
