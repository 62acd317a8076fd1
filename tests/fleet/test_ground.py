"""The trial ground itself: what it sees and what it says of it, and that its relays do to a way what a network does."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.fleet.ground import Ground
from tests.fleet.relay import Relay, Sighting, Witness
from tests.fleet.verdict import (
    Seen,
    Tenure,
    busiest_second,
    by_institution,
    count_lost,
    count_together,
    find_departures,
    longest_pause,
)

PATIENCE_SECONDS = 5.0
SHORT_SECONDS = 0.2


class Echo:
    """A server that sends everything back, and keeps what it received."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.received = b""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(1000):
                self.received += data
                connection.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def relay(echo: Echo) -> Iterator[Relay]:
    with Relay(echo.port) as running:
        yield running


def connect(relay: Relay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=PATIENCE_SECONDS)


def exchange(relay: Relay, data: bytes) -> bytes:
    with connect(relay) as client:
        client.sendall(data)
        return client.recv(10)


def test_a_relay_hands_everything_on_both_ways(relay: Relay) -> None:
    with connect(relay) as first, connect(relay) as second:
        first.sendall(b"one")
        second.sendall(b"two")
        assert (first.recv(10), second.recv(10)) == (b"one", b"two")


def test_what_a_stalled_relay_holds_up_arrives_once_it_is_mended(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"before")
        assert client.recv(10) == b"before"
        relay.stall()
        client.sendall(b"meanwhile")
        client.settimeout(SHORT_SECONDS)
        with pytest.raises(TimeoutError):
            client.recv(10)
        client.settimeout(PATIENCE_SECONDS)
        relay.mend()
        assert client.recv(10) == b"meanwhile"


def test_what_its_sender_takes_back_during_a_stall_never_arrives(relay: Relay, echo: Echo) -> None:
    with connect(relay) as client:
        client.sendall(b"before")
        assert client.recv(10) == b"before"
        relay.stall()
        client.sendall(b"taken back")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    relay.mend()
    assert exchange(relay, b", after") == b", after"
    assert echo.received == b"before, after"


def test_a_cut_breaks_every_connection_off_until_it_is_mended(relay: Relay) -> None:
    with connect(relay) as client:
        client.sendall(b"before")
        assert client.recv(10) == b"before"
        relay.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    with pytest.raises(ConnectionResetError):
        exchange(relay, b"during")
    relay.mend()
    assert exchange(relay, b"after") == b"after"


def test_a_witness_tells_scans_from_other_requests_however_they_are_cut_into_pieces() -> None:
    witness = Witness()
    look = b"GET /almaws/v1/bibs/99/holdings/22/items/23007701?view=brief HTTP/1.1\r\nHost: a\r\nAuthorization: apikey one\r\n\r\n"
    scan = b"POST /almaws/v1/bibs/99/holdings/22/items/23007702?op=scan&library=MAIN HTTP/1.1\r\nauthorization: apikey two\r\n\r\n"
    for piece in (look[:30], look[30:], scan + b"{}" + look[:10], look[10:]):
        witness.watch(1, piece)
    assert [(each.key, each.pid) for each in witness.sightings] == [("one", ""), ("two", "23007702"), ("one", "")]


def scan(worker: str, at: float, pid: str = "23") -> Seen:
    return Seen(worker, Sighting(at, "key", pid))


def test_two_workers_that_take_turns_by_lease_are_not_together() -> None:
    seen = [scan("w1", 1), scan("w2", 11), scan("w1", 21)]
    tenures = [Tenure("01A", 0, "w1"), Tenure("01A", 10, "w2"), Tenure("01A", 20, "w1")]
    assert count_together({"01A": seen}, tenures) == 0


def test_a_scan_of_who_has_lost_the_lease_counts_once_its_next_holder_has_begun() -> None:
    seen = [scan("w1", 1), scan("w1", 11), scan("w2", 15), scan("w1", 16), scan("w1", 17), scan("w2", 18)]
    tenures = [Tenure("01A", 0, "w1"), Tenure("01A", 10, "w2"), Tenure("01B", 15.5, "w1")]
    assert count_together({"01A": seen}, tenures) == 2


def test_a_row_that_is_missing_or_whose_scan_nobody_saw_is_lost() -> None:
    submitted = [("01A", barcode) for barcode in ("done", "missing", "untrue", "open", "other")]
    answers = {
        ("01A", "done"): "in-place",
        ("01A", "untrue"): "in-place",
        ("01A", "open"): None,
        ("01A", "other"): "not-found",
        ("01A", "failed"): "refused",
        ("01A", "failed-but-scanned"): "refused",
    }
    scanned = ("done", "open", "other", "failed-but-scanned")
    assert count_lost(submitted, answers, {("01A", each): 1 for each in scanned}) == 4


def test_the_longest_pause_is_one_institutions_and_leaves_out_what_had_to_wait() -> None:
    first, second = Sighting(0.0, "a", "1"), Sighting(7.0, "a", "2")
    look, late, other = Sighting(3.0, "a", ""), Sighting(99.0, "a", "late"), Sighting(50.0, "b", "3")
    seen = by_institution({"w1": [first, look, late], "w2": [second, other]}, {"a": "01A", "b": "01B"})
    assert longest_pause(seen, {"late"}, {}) == 7.0


def test_a_pause_begins_anew_where_the_heir_goes_away_as_well() -> None:
    tenures = [Tenure("01A", 0, "w1"), Tenure("01A", 10, "w2"), Tenure("01B", 11, "w1"), Tenure("01A", 30, "w1")]
    departures = find_departures(tenures, {"w1": [5.0, 12.0], "w2": [14.0, 31.0]})
    assert (departures["01A"], departures["01B"]) == ([5.0, 14.0], [12.0])
    assert longest_pause({"01A": [scan("w1", 1), scan("w1", 31)]}, (), departures) == 17.0


def test_the_fullest_second_is_told_with_whose_requests_it_held() -> None:
    moments = [(0.0, "w1"), (0.5, "w1"), (1.25, "w1"), (1.3, "w2"), (1.4, "w2"), (2.25, "w2")]
    assert busiest_second([Seen(worker, Sighting(at, "key", "")) for at, worker in moments]) == "4: w1 2, w2 2"
    assert busiest_second([]) == "0: "


@pytest.mark.system
def test_a_ground_sees_what_becomes_of_the_runs_that_it_submits(small_ground: Ground) -> None:
    first, second, _ = small_ground.members
    runs = [small_ground.submit(first, 6), small_ground.submit(second, 5)]
    before = small_ground.verdict()
    assert (before.rows, before.unclear, before.scans, before.lost) == (11, 11, 0, 0)
    assert not small_ground.is_through()
    for run, member in zip(runs, (first, second), strict=True):
        said = small_ground.say("resume", str(run), "--profile", member.code)
        assert said.returncode == 0, said.stderr
    assert small_ground.is_through()
    assert small_ground.is_finished()
    after = small_ground.verdict()
    assert (after.rows, after.unclear, after.scans, after.refused) == (11, 0, 11, 0)
    assert after.is_good


@pytest.mark.system
def test_a_ground_sees_every_request_of_its_workers(small_ground: Ground) -> None:
    member = small_ground.members[0]
    small_ground.submit(member, 40)
    submitting = small_ground.simulated.stats(institution=member.code)["requests"]
    worker = small_ground.start_worker("w1")
    small_ground.wait_until_through()
    small_ground.wait_until(small_ground.is_finished, 20, "the run finished")
    stats = small_ground.simulated.stats(institution=member.code)
    assert len(worker.witness.sightings) == stats["requests"] - submitting
    assert sum(bool(each.pid) for each in worker.witness.sightings) == stats["scans"] == 40
