"""What a spoiled answer looks like on the wire, byte by byte."""

import contextlib
import gzip
import socket
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from almascan.simulator import Fault, Simulator
from almascan.simulator.faults import ALWAYS_APPLIED, MAYBE_APPLIED, NEVER_APPLIED, Kind

from .conftest import Client

Pick = Callable[[str], str]
PATIENCE_SECONDS = 0.2


@contextlib.contextmanager
def dial(simulator: Simulator) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=PATIENCE_SECONDS) as connection:
        yield connection


def ask(client: Client, connection: socket.socket, barcode: str, method: str = "POST") -> None:
    here = f"op=scan&library={client.simulator.library}&circ_desk={client.simulator.circ_desk}"
    lines = [
        f"{method} /almaws/v1{client.item_path(barcode)}?{here if method == 'POST' else ''} HTTP/1.1",
        f"Host: 127.0.0.1:{client.simulator.port}",
        f"Authorization: apikey {client.simulator.keys['full']}",
        "Accept: application/json",
        "Content-Length: 2",
    ]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n{}")


def hear(connection: socket.socket, most_bytes: int = 20_000_000) -> tuple[bytes, str]:
    """Read until the end, and say which it was: closed, reset, silence or more."""
    heard = bytearray()
    try:
        while len(heard) < most_bytes:
            part = connection.recv(1 << 20)
            if not part:
                return bytes(heard), "closed"
            heard += part
    except TimeoutError:
        return bytes(heard), "silence"
    except ConnectionError:
        return bytes(heard), "reset"
    return bytes(heard), "more"


def meet(client: Client, barcode: str, most_bytes: int = 20_000_000) -> tuple[bytes, bytes, str]:
    """Scan an item, and give the answer's head, its body and how it ended."""
    with dial(client.simulator) as connection:
        ask(client, connection, barcode)
        heard, end = hear(connection, most_bytes)
    head, _, body = heard.partition(b"\r\n\r\n")
    return head, body, end


def length_in(head: bytes) -> int:
    return int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])


def test_a_deaf_connection_says_nothing_and_does_nothing_and_the_next_one_hears(
    client: Client, a_barcode: Pick
) -> None:
    client.simulator.add_fault("deaf")
    assert meet(client, a_barcode("in_transit")) == (b"", b"", "silence")
    assert client.simulator.stats()["requests"] == 0
    assert client.scan(a_barcode("in_transit")).status_code == 200


def test_an_interrupted_request_is_reset_and_does_nothing(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("interrupt", operation="scan")
    assert client.get(client.item_path(a_barcode("in_transit"))).status_code == 200
    assert meet(client, a_barcode("in_transit")) == (b"", b"", "reset")
    assert client.simulator.stats()["by_operation"] == {"read": 1}
    assert client.scan(a_barcode("in_transit")).status_code == 200


def test_a_head_is_cut_off(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("cut_headers")
    with dial(client.simulator) as connection:
        ask(client, connection, a_barcode("in_transit"))
        heard, end = hear(connection)
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"\r\n\r\n" in heard, end) == (False, "closed")


@pytest.mark.parametrize("kind", ["endless_headers", "endless"])
def test_what_does_not_end_goes_on_until_the_client_leaves(client: Client, a_barcode: Pick, kind: Kind) -> None:
    client.simulator.add_fault(kind)
    with dial(client.simulator) as connection:
        ask(client, connection, a_barcode("in_transit"))
        heard, end = hear(connection, 3_000_000)
    assert (end, heard.startswith(b"HTTP/1.1 200 OK\r\n")) == ("more", True)
    assert (b"\r\n\r\n" in heard) is (kind == "endless")
    assert client.scan(a_barcode("in_place")).status_code == 200


def test_a_header_is_as_long_as_was_planned(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("long_header", size_bytes=3_000_000)
    head, body, _ = meet(client, a_barcode("in_transit"))
    assert max(map(len, head.split(b"\r\n"))) == len("x-filler: ") + 3_000_000
    assert msgspec.json.decode(body)["item_data"]["base_status"]["value"] == "1"


def test_garbage_is_no_http(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("garbage")
    head, _, end = meet(client, a_barcode("in_transit"))
    assert (b"HTTP" in head, end) == (False, "closed")


@pytest.mark.parametrize(("kind", "is_more"), [("too_long", True), ("too_short", False)])
def test_a_content_length_may_lie(client: Client, a_barcode: Pick, kind: Kind, is_more: bool) -> None:
    client.simulator.add_fault(kind)
    head, body, end = meet(client, a_barcode("in_transit"))
    assert msgspec.json.decode(body)["item_data"]["base_status"]["value"] == "1"
    assert (length_in(head) > len(body), end) == (is_more, "silence")


def test_half_a_body_comes_as_if_it_were_all(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("half")
    answer = client.scan(a_barcode("in_transit"))
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(answer.content)


def test_a_body_drips_byte_by_byte_to_its_end(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("drip", drip_seconds=0)
    assert client.scan(a_barcode("in_transit")).json()["item_data"]["base_status"]["value"] == "1"
    client.simulator.add_fault("drip", drip_seconds=0.1)
    with dial(client.simulator) as connection:
        ask(client, connection, a_barcode("in_place"))
        began = time.monotonic()
        while b"\r\n\r\n" not in (heard := connection.recv(1000)):
            assert time.monotonic() < began + 5
        assert len(heard.partition(b"\r\n\r\n")[2] + connection.recv(1000) + connection.recv(1000)) <= 3


def test_a_damaged_body_cannot_be_decompressed(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("damaged")
    head, body, _ = meet(client, a_barcode("in_transit"))
    assert b"content-encoding: gzip" in head.lower()
    with pytest.raises((OSError, EOFError, ValueError, gzip.zlib.error)):  # type: ignore[attr-defined]
        gzip.decompress(body)


def test_answers_are_mixed_up_among_those_that_meet_the_same_fault(client: Client) -> None:
    first, second, third = client.simulator.barcodes("in_transit", 3)
    client.simulator.add_fault("another", operation="scan", times=0)
    assert meet(client, first) == (b"", b"", "closed")
    for scanned, answered in ((second, first), (third, second)):
        assert client.scan(scanned).json()["item_data"]["barcode"] == answered
    assert client.simulator.scans() == dict.fromkeys((first, second, third), 1)


def test_a_connection_is_reset_after_the_last_byte(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("reset")
    head, body, end = meet(client, a_barcode("in_transit"))
    assert (length_in(head), end) == (len(body), "reset")


def test_a_stale_connection_answers_and_is_reset_by_the_next_request(client: Client, a_barcode: Pick) -> None:
    client.simulator.add_fault("stale")
    with dial(client.simulator) as connection:
        ask(client, connection, a_barcode("in_transit"))
        answer, end = hear(connection)
        assert (answer.startswith(b"HTTP/1.1 200 OK\r\n"), end) == (True, "silence")
        ask(client, connection, a_barcode("in_place"))
        assert hear(connection) == (b"", "reset")
    assert client.simulator.stats()["by_operation"] == {"scan": 1}


@pytest.mark.parametrize(
    ("body_format", "begins"), [("null", b"null"), ("deep", b'{"item_data":{'), ("entities", b"<?xml")]
)
def test_an_answer_may_be_what_no_client_should_swallow(
    client: Client, a_barcode: Pick, body_format: str, begins: bytes
) -> None:
    client.simulator.add_fault("error", status=200, body_format=body_format)
    answer = client.scan(a_barcode("in_transit"))
    assert (answer.status_code, answer.content.startswith(begins)) == (200, True)
    assert client.simulator.scans() == {}


@pytest.mark.parametrize("kind", sorted(MAYBE_APPLIED - {"error", "redirect"}))
@pytest.mark.parametrize(("applied", "scans"), [(False, 0), (True, 1)])
def test_a_fault_in_front_of_the_body_applies_a_scan_or_not_as_planned(
    client: Client, a_barcode: Pick, kind: Kind, applied: bool, scans: int
) -> None:
    client.simulator.add_fault(kind, operation="scan", applied=applied)
    meet(client, a_barcode("in_transit"), 100_000)
    assert client.simulator.stats()["scans"] == scans


@pytest.mark.parametrize("kind", sorted(ALWAYS_APPLIED))
def test_what_begins_as_the_right_answer_is_applied(client: Client, a_barcode: Pick, kind: Kind) -> None:
    client.simulator.add_fault(kind, operation="scan", drip_seconds=0)
    meet(client, a_barcode("in_transit"))
    assert client.simulator.stats()["scans"] == 1


@pytest.mark.parametrize("kind", sorted(NEVER_APPLIED))
def test_what_is_never_read_cannot_be_applied(kind: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="cannot be applied"):
        msgspec.convert({"kind": kind, "applied": True}, Fault)
