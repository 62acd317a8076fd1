"""Servers that keep every byte they are sent: a relay before Alma, an Alma that names another host, a proxy."""

import http.server
import json
import re
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

INSTITUTION = "01ABC_INST"


class Relay(socketserver.ThreadingTCPServer):
    """Passes everything on to a server and back, and keeps what clients sent.

    Args:
        port: Where that server listens.
    """

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behind = port
        self.sent: list[bytearray] = []

    def requests(self) -> list[str]:
        """Give the head of every request."""
        text = b"".join(self.sent).decode("latin-1")
        return re.findall(r"(?:GET|POST|DELETE) /.*?\r\n\r\n", text, re.DOTALL)


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Relay)
        kept = bytearray()
        self.server.sent.append(kept)
        with socket.create_connection(("127.0.0.1", self.server.behind)) as alma, suppress(OSError):
            while True:
                for source in select.select([self.request, alma], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is alma:
                        self.request.sendall(data)
                    else:
                        kept.extend(data)
                        alma.sendall(data)


@contextmanager
def relayed(base_url: str) -> Iterator[tuple[str, Relay]]:
    """Put a relay before a server; yields the address to use instead, and the relay."""
    parts = urlsplit(base_url)
    assert parts.port is not None
    with Relay(parts.port) as relay, serving(relay):
        yield f"http://127.0.0.1:{relay.server_address[1]}{parts.path}", relay


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """Have a server serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


class NamesAnother(http.server.BaseHTTPRequestHandler):
    """An Alma whose every link, member, token and redirect is an address on another host."""

    protocol_version = "HTTP/1.1"
    elsewhere = ""
    heads: list[str]

    def do_GET(self) -> None:
        path, other = self.path.partition("/almaws/v1")[2], self.elsewhere
        self.heads.append(f"{self.requestline}\r\n{self.headers}")
        item = f"{other}/bibs/1/holdings/2/items/3"
        if path.startswith("/items"):
            self._answer(302, {}, Location=item)
        elif path.startswith("/analytics"):
            rows = f"<Row><Column1>301</Column1><Column2>{item}</Column2></Row>"
            rowset = f'<rowset xmlns="urn:schemas-microsoft-com:xml-analysis:rowset">{rows}</rowset>'
            finished = f"<IsFinished>false</IsFinished><ResumptionToken>{other}</ResumptionToken>"
            self._answer(200, f"<report><QueryResult>{finished}<ResultXml>{rowset}</ResultXml></QueryResult></report>")
        else:
            self._answer(200, next(body for end, body in self._bodies(item) if end in path))

    def do_POST(self) -> None:
        self.heads.append(f"{self.requestline}\r\n{self.headers}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(200, "<test>POST - OK</test>")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _bodies(self, item: str) -> list[tuple[str, object]]:
        link, code = {"link": item}, {"value": "X", "desc": item, "link": item}
        desk = {"code": "DESK", "name": item, "primary": True, **link}
        found = {
            "id": "1",
            "name": "S",
            "type": {"value": "ITEMIZED"},
            "content": {"value": "ITEM"},
            "number_of_members": {"value": 1, **link},
            **link,
        }
        ids = {"bib_data": {"mms_id": "1", **link}, "holding_data": {"holding_id": "2", **link}}
        return [
            ("/test", f"<test>GET - OK - institutionCode: {INSTITUTION}</test>"),
            ("/general", {"institution": code, "environment_type": {"value": "SANDBOX"}, **link}),
            ("/circ-desks", {"circ_desk": [desk], "total_record_count": 1, **link}),
            ("/departments", {"department": [desk], **link}),
            ("/libraries", {"library": [{"code": "MAIN", "name": item, **link}], **link}),
            ("/members", {"member": [{"id": "3", **link}], "total_record_count": 1, **link}),
            ("/sets?", {"set": [found], "total_record_count": 1, **link}),
            ("/sets", found),
            ("/requests", {"total_record_count": 0, **link}),
            ("/items/", {**ids, "item_data": {"pid": "3", "barcode": "301", "base_status": code}, **link}),
        ]

    def _answer(self, status: int, body: object, **headers: str) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class Echoes(NamesAnother):
    """An Alma that refuses every item, and says back what it was asked, as pages made for finding faults do."""

    def do_GET(self) -> None:
        if "/items" not in self.path:
            super().do_GET()
        else:
            error = {"errorCode": "402203", "errorMessage": f"Refused: {self.headers}", "trackingId": str(self.headers)}
            self._answer(400, {"errorsExist": True, "errorList": {"error": [error]}})


@contextmanager
def naming_another(elsewhere: str, kind: type[NamesAnother] = NamesAnother) -> Iterator[tuple[str, list[str]]]:
    """Run an Alma of a kind; yields its base URL and the heads of the requests that it gets."""
    heads: list[str] = []
    handler = type("Handler", (kind,), {"elsewhere": elsewhere, "heads": heads})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}/almaws/v1", heads
