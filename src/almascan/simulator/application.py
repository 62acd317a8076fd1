"""The simulated Alma as an ASGI application: time, latency and faults around the gateway."""

import asyncio
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from starlette.types import Receive, Scope, Send

from almascan.simulator.config import SimulatorConfig
from almascan.simulator.delivery import CONNECTION, send_reply, send_spoiled
from almascan.simulator.faults import Fault, FaultPlan
from almascan.simulator.gateway import Gateway
from almascan.simulator.keys import find_key
from almascan.simulator.markup import parse_query
from almascan.simulator.routes import find_route
from almascan.simulator.tenant import Tenant


class Clock:
    """Seconds since 1970 that never jump with the machine's clock, and can be moved on purpose."""

    def __init__(self) -> None:
        self._start = time.time() - time.monotonic()
        self.offset_seconds = 0.0

    def now(self) -> float:
        """Return the simulated Alma's time, in seconds since 1970, GMT."""
        return self._start + time.monotonic() + self.offset_seconds


class Application:
    """Serves the API under /almaws/v1; ``control`` serves everything under /simulator/.

    Attributes:
        tenants: The institutions; a request is for the one whose key it has, or for the first.
        gateway: The first institution's Alma.
        faults: The faults planned for the first institution, and for connections, which are nobody's.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.tenants = [_make_tenant(config, number) for number in range(1, config.institutions + 1)]
        self.gateway, self.faults = self.tenants[0].gateway, self.tenants[0].faults
        self.clock = Clock()
        self._by_key = {key: tenant for tenant in self.tenants for key in tenant.gateway.keyring.keys.values()}
        self.control: Callable[[Scope, Receive, Send], Any] | None = None
        self._random = Random(config.seed)  # noqa: S311 - latencies need to repeat, not to be secret

    def reset(self) -> None:
        """Start anew: no changes, counts, limits used or faults, and the clock of the machine."""
        for tenant in self.tenants:
            tenant.reset()
        self.clock.offset_seconds = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        if self.control is not None and scope["path"].startswith("/simulator/"):
            await self.control(scope, receive, send)
            return
        body = b"" if scope["method"] == "GET" else await _read_body(receive)
        if body is None:
            return
        try:
            await self._serve(scope, body, receive, send)
        except asyncio.CancelledError:
            # The simulator ends: a request that is still being served gets no answer, not one of the server's own.
            scope["extensions"][CONNECTION]["transport"].abort()
            raise

    async def _serve(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        half_seconds = self._draw_latency_seconds() / 2
        if half_seconds:
            await asyncio.sleep(half_seconds)
        method, path, query = (
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
        )
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        tenant = self._find_tenant(headers, query)
        fault = _find_fault(tenant, method, path, query)
        if fault and fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)
        if fault is None or fault.takes_effect:
            reply = tenant.gateway.answer(method, path, query, headers, body=body, now=self.clock.now())
        else:
            reply = tenant.gateway.note(method, path, query, self.clock.now())
        if half_seconds:
            await asyncio.sleep(half_seconds)
        if fault is None:
            await send_reply(reply, send)
        else:
            await send_spoiled(fault, reply, scope, receive, send)

    def _find_tenant(self, headers: Mapping[str, str], query: str) -> Tenant:
        if len(self.tenants) == 1:
            return self.tenants[0]
        key = find_key(headers, {} if "authorization" in headers else parse_query(query))
        return self._by_key.get(key, self.tenants[0])

    def _draw_latency_seconds(self) -> float:
        jitter_ms = self._random.uniform(0, self.config.jitter_ms) if self.config.jitter_ms else 0.0
        return (self.config.latency_ms + jitter_ms) / 1000


def _make_tenant(config: SimulatorConfig, number: int) -> Tenant:
    gateway = Gateway(config, number)
    return Tenant(gateway, FaultPlan(gateway.seed, gateway.catalogue.find))


def _find_fault(tenant: Tenant, method: str, path: str, query: str) -> Fault | None:
    if not tenant.faults.standing():
        return None
    route = find_route(method, path, parse_query(query))
    return tenant.faults.match(route.name, route.subject)


async def _read_body(receive: Receive) -> bytes | None:
    """Read a request's body to its end; None if the client left before."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
