import asyncio
import contextlib

import pytest
from tests.alma.conftest import KEY, connect
from tests.alma.raw_server import DROP, HANG, RawServer, Reply, http
from tests.alma.samples import DESK, HTML, IDS, ITEM_XML, LOCATION, error_json, error_xml, item_json

from almascan.alma import Alma, CircDesk, Pacer, Timeouts
from almascan.errors import (
    AlmascanError,
    AttemptError,
    ItemNotFoundError,
    KeyRefusedError,
    NoAnswerError,
    NotSentError,
    QuotaError,
    RefusedError,
    ThrottledError,
    UsageError,
)
from almascan.model import ItemIds

HALF = Reply(http(200, item_json()).data[:-200], "drop")
HALF_HEADERS = Reply(b"HTTP/1.1 200 OK\r\nContent-Type: app", "drop")
NONSENSE = Reply(b"SSH-2.0-OpenSSH_9.9\r\n", "drop")


async def test_a_look_up_is_one_request_and_its_redirect_is_not_followed(server: RawServer, alma: Alma) -> None:
    server.script([http(302, Location=f"{LOCATION}?apikey=x", X_Exl_Api_Remaining="4711")])
    assert await alma.find(" 303011kj0 ") == IDS
    assert server.lines == ["GET /almaws/v1/items?item_barcode=303011kj0 HTTP/1.1"]
    assert alma.remaining_calls == 4711
    assert alma.requests == 1


async def test_a_look_up_that_answers_with_the_item_itself_is_understood(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json())])
    assert await alma.find("303011kj0") == IDS


async def test_a_redirect_to_another_host_is_neither_followed_nor_believed(server: RawServer, alma: Alma) -> None:
    server.script([http(302, Location=f"https://evil.example{LOCATION}")])
    with pytest.raises(NoAnswerError, match=r"another host \(evil\.example\)"):
        await alma.find("303011kj0")


async def test_an_unknown_barcode_is_not_found_in_one_request(server: RawServer, alma: Alma) -> None:
    server.script([http(400, error_json("401689", "No items found for barcode 1."))])
    with pytest.raises(ItemNotFoundError, match=r"No items found for barcode 1\."):
        await alma.find("1")
    assert len(server.received) == 1
    assert alma.unanswered_in_a_row == 0


async def test_a_read_asks_for_the_due_date_and_gives_the_items_own_ids(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json(due_date="2026-12-01Z"))])
    item = await alma.read(ItemIds("990001", "stale", "230001"))
    assert item.ids == IDS
    assert item.due_date == "2026-12-01Z"
    assert server.lines == ["GET /almaws/v1/bibs/990001/holdings/stale/items/230001?expand=due_date HTTP/1.1"]


async def test_a_scan_is_one_post_with_everything_in_its_query(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json())])
    item = await alma.scan_in(IDS, DESK)
    assert item.in_place
    (request,) = server.received
    assert request.line == (
        f"POST {LOCATION}?op=scan&library=MAIN&circ_desk=DEFAULT_CIRC_DESK&register_in_house_use=false HTTP/1.1"
    )
    assert request.body == b"{}"
    assert request.headers["content-type"] == "application/json"


async def test_the_key_is_in_one_header_and_nowhere_else(server: RawServer, alma: Alma) -> None:
    server.script([http(302, Location=LOCATION), http(200, ITEM_XML), http(200, item_json())])
    await alma.scan_in(await alma.read(await alma.find("1")), DESK)
    for request in server.received:
        assert request.headers["authorization"] == f"apikey {KEY}"
        assert request.headers["accept"] == "application/json"
        assert request.headers["user-agent"].startswith("almascan/")
        assert KEY not in request.line
        assert "cookie" not in request.headers
    assert KEY not in repr(alma)


@pytest.mark.parametrize(
    "reply",
    [
        DROP,
        HALF,
        HALF_HEADERS,
        NONSENSE,
        http(200),
        http(200, HTML, "text/html"),
        http(200, b'{"bib_data":{}}'),
        http(204),
        http(302, Location=LOCATION),
        http(500, error_json("INTERNAL_SERVER_ERROR")),
        http(503, error_xml("GENERAL_ERROR")),
        http(502, HTML, "text/html"),
        http(504),
        http(404),
        http(400, error_json("401652")),
        http(400, error_json("402502")),
        http(400, error_json("402504")),
        http(400, error_json("987654")),
        http(200, error_json("402502")),
    ],
)
async def test_a_scan_whose_answer_says_nothing_is_not_sent_again(server: RawServer, alma: Alma, reply: Reply) -> None:
    server.script([reply])
    with pytest.raises(NoAnswerError):
        await alma.scan_in(IDS, DESK)
    await asyncio.sleep(0.01)
    assert len(server.received) == 1
    assert alma.requests == 1


async def test_a_scan_is_not_sent_again_when_a_kept_connection_breaks(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json()), DROP, http(200, item_json())])
    await alma.read(IDS)
    with pytest.raises(NoAnswerError):
        await alma.scan_in(IDS, DESK)
    await asyncio.sleep(0.01)
    assert [request.connection for request in server.received] == [1, 1]


async def test_a_read_on_a_kept_connection_that_breaks_takes_a_turn_of_its_own(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json()), DROP, http(200, item_json())])
    await alma.read(IDS)
    await alma.read(IDS)
    assert len(server.received) == 3
    assert alma.requests == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (http(400, error_json("401664")), RefusedError),
        (http(400, error_json("40166415")), RefusedError),
        (http(400, error_json("402203")), ItemNotFoundError),
        (http(400, error_xml("UNAUTHORIZED"), "application/xml"), KeyRefusedError),
        (http(400, "Invalid API Key", "text/plain"), KeyRefusedError),
        (http(429, error_json("PER_SECOND_THRESHOLD")), ThrottledError),
        (http(429, HTML, "text/html"), ThrottledError),
        (http(403, error_json("DAILY_THRESHOLD")), QuotaError),
    ],
)
async def test_a_scan_that_was_refused_says_that_nothing_happened(
    server: RawServer, alma: Alma, reply: Reply, kind: type[AlmascanError]
) -> None:
    server.script([reply])
    with pytest.raises(kind):
        await alma.scan_in(IDS, DESK)
    assert len(server.received) == 1
    assert alma.unanswered_in_a_row == 0


async def test_a_scan_that_takes_too_long_has_no_answer(server: RawServer) -> None:
    server.script([HANG])
    async with connect(server.base_url, scan_seconds=0.1) as alma:
        with pytest.raises(NoAnswerError, match=r"did not answer within 0\.1 s"):
            await alma.scan_in(IDS, DESK)


async def test_a_scan_to_a_port_where_nobody_listens_was_not_sent() -> None:
    async with RawServer() as gone:
        base_url = gone.base_url
    async with connect(base_url) as alma:
        with pytest.raises(NotSentError, match="No connection to 127"):
            await alma.scan_in(IDS, DESK)
        assert alma.requests == 0
        assert alma.unanswered_in_a_row == 1


async def test_a_scan_whose_connection_is_not_made_in_time_was_not_sent(server: RawServer) -> None:
    silent = server.base_url.replace("http:", "https:")
    async with Alma(silent, KEY, timeouts=Timeouts(connect_seconds=0.2)) as alma, asyncio.timeout(30):
        with pytest.raises(NotSentError, match=r"No connection to 127\.0\.0\.1 in time\."):
            await alma.scan_in(IDS, DESK)
        assert alma.requests == 0


async def test_a_scan_that_may_not_leave_any_more_is_held_back_without_a_byte(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json())])
    asked: list[int] = []

    def may_leave() -> bool:
        asked.append(server.connections)
        return False

    with pytest.raises(NotSentError, match="held back"):
        await alma.scan_in(IDS, DESK, may_leave=may_leave)
    await asyncio.sleep(0.01)
    assert server.received == []
    assert len(asked) == 1
    assert (alma.requests, alma.unanswered_in_a_row, alma.pacer.waiting) == (0, 0, 0)


async def test_a_scan_is_asked_whether_it_may_leave_with_its_connection_made(server: RawServer, alma: Alma) -> None:
    server.script([http(200, item_json())])
    seen: list[tuple[int, int]] = []

    def may_leave() -> bool:
        seen.append((server.connections, alma.requests))
        return True

    slot = alma.slot()
    await slot.near()
    await alma.read(IDS)
    await alma.scan_in(IDS, DESK, slot=slot, may_leave=may_leave)
    assert seen == [(1, 1)]
    assert alma.pacer.waiting == 0


async def test_a_scan_cancelled_in_flight_gives_everything_back(server: RawServer, alma: Alma) -> None:
    server.script([HANG])
    task = asyncio.ensure_future(alma.scan_in(IDS, DESK))
    await server.has_received.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alma.pacer.waiting == 0


async def test_a_desk_that_is_none_gives_the_slot_back_and_sends_nothing(server: RawServer, alma: Alma) -> None:
    slot = alma.slot()
    with pytest.raises(UsageError):
        await alma.scan_in(IDS, type(DESK)(), slot=slot)
    assert alma.pacer.waiting == 0
    assert server.received == []


@pytest.mark.parametrize("reply", [DROP, HALF, http(500), http(502, HTML, "text/html"), http(200, b"{")])
async def test_a_read_is_tried_three_times(server: RawServer, alma: Alma, reply: Reply) -> None:
    server.script([reply, reply, http(200, item_json())])
    assert (await alma.read(IDS)).ids == IDS
    assert alma.unanswered_in_a_row == 0
    server.received.clear()
    server.script([reply])
    with pytest.raises(NoAnswerError):
        await alma.read(IDS)
    assert len(server.received) == 3
    assert alma.unanswered_in_a_row == 3


async def test_the_pauses_between_tries_grow(server: RawServer) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    server.script([DROP])
    async with Alma(server.base_url, KEY, pacer=Pacer(1000), sleep=sleep) as alma:
        with pytest.raises(AttemptError):
            await alma.find("1")
    assert 0.5 <= pauses[0] <= 1 <= pauses[1] <= 2


async def test_a_read_over_the_limit_takes_its_turn_again_and_slows_everything(server: RawServer, alma: Alma) -> None:
    throttled = http(429, error_json("PER_SECOND_THRESHOLD"))
    server.script([throttled, throttled, throttled, throttled, http(200, item_json())])
    assert (await alma.read(IDS)).ids == IDS
    assert alma.pacer.refusals == 4
    assert alma.pacer.rate_now < 10_000


async def test_a_read_over_the_limit_is_given_up_after_a_while(server: RawServer) -> None:
    server.script([http(429, error_json("PER_SECOND_THRESHOLD"))])
    timeouts = Timeouts(throttled_seconds=0.05)
    async with Alma(server.base_url, KEY, pacer=Pacer(1000), timeouts=timeouts) as alma:
        with pytest.raises(ThrottledError):
            await alma.read(IDS)
    assert len(server.received) > 1


@pytest.mark.parametrize("code", ["401652", "999"])
async def test_a_read_refused_with_another_code_is_not_tried_again(server: RawServer, alma: Alma, code: str) -> None:
    server.script([http(400, error_json(code))])
    with pytest.raises(RefusedError):
        await alma.read(IDS)
    assert len(server.received) == 1


async def test_whatever_comes_the_key_is_in_no_error(server: RawServer, alma: Alma) -> None:
    for reply in (DROP, HALF, NONSENSE, http(400, "Invalid API Key"), http(302, Location=f"https://x/?apikey={KEY}")):
        server.script([reply])
        for attempt in (alma.find("1"), alma.read(IDS), alma.scan_in(IDS, DESK)):
            with pytest.raises(AlmascanError) as caught:
                await attempt
            error: BaseException | None = caught.value
            while error is not None:
                assert KEY not in f"{error!r} {error} {error.__dict__}"
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def test_an_answer_without_end_is_given_up_at_a_bound(server: RawServer, alma: Alma) -> None:
    server.script([http(200, b" " * 5_000_001 + item_json())])
    with pytest.raises(NoAnswerError, match="larger than"):
        await alma.scan_in(IDS, DESK)


async def test_all_pages_of_desks_are_read(server: RawServer, alma: Alma) -> None:
    def page(first: int, count: int) -> Reply:
        desks = ",".join(f'{{"code":"D{index}","name":"Desk {index}"}}' for index in range(first, first + count))
        return http(200, f'{{"circ_desk":[{desks}],"total_record_count":112}}')

    server.script([page(0, 100), page(100, 10), page(110, 2)])
    desks = await alma.circ_desks("MAIN")
    assert [desk.code for desk in desks] == [f"D{index}" for index in range(112)]
    assert desks[0] == CircDesk("D0", "Desk 0", False, frozenset())
    assert server.lines[1] == "GET /almaws/v1/conf/libraries/MAIN/circ-desks?limit=100&offset=100 HTTP/1.1"


async def test_a_count_of_desks_that_is_never_reached_ends_all_the_same(server: RawServer, alma: Alma) -> None:
    server.script(
        [http(200, '{"circ_desk":{"code":"D"},"total_record_count":3}'), http(200, '{"total_record_count":3}')]
    )
    assert [desk.code for desk in await alma.circ_desks("MAIN")] == ["D"]


@pytest.mark.parametrize("key", ["", " l8xx", "l8xx\n", "l8 xx", "l8xx\u00e9", "l8xx\x00"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        Alma("http://127.0.0.1:1/almaws/v1", key)
    assert "l8" not in str(caught.value)


async def test_a_client_that_was_not_entered_says_how_it_is_used() -> None:
    with pytest.raises(UsageError, match="async with"):
        await connect("http://127.0.0.1:1/almaws/v1").scan_in(IDS, DESK)


async def test_many_at_a_time_share_one_limit_and_each_gets_its_own_answer(server: RawServer) -> None:
    server.script([http(302, Location=LOCATION)])
    async with Alma(server.base_url, KEY, pacer=Pacer(500)) as alma:
        with contextlib.suppress(asyncio.CancelledError):
            assert await asyncio.gather(*(alma.find(str(index)) for index in range(40))) == [IDS] * 40
    assert sorted(server.lines) == sorted(f"GET /almaws/v1/items?item_barcode={index} HTTP/1.1" for index in range(40))
