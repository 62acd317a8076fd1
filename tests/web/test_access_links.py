"""The page of one's own: a link lets one browser in, once, and nobody else."""

import re
from collections.abc import Iterator
from typing import cast

import pytest
from itsdangerous import TimestampSigner
from tests.web.guarded import SECRET, Answer, Clock, Guarded, guarded

from almascan.web.access import LinkAccess, Refusal


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def page(clock: Clock) -> Iterator[Guarded]:
    with guarded(lambda port: LinkAccess(SECRET, "ada", port, now=clock)) as running:
        yield running


def new_link(page: Guarded) -> str:
    return cast("LinkAccess", page.access).new_link().removeprefix(page.origin)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def enter(page: Guarded) -> tuple[str, str]:
    return "Cookie", cookie_of(page.ask("GET", new_link(page)))


def assert_refused(answer: Answer, refusal: Refusal) -> None:
    assert (answer.status, answer.body.decode().strip()) == (refusal.status, refusal.sentence)


def test_a_link_lets_a_browser_in_and_its_cookie_is_kept_from_scripts_and_other_sites(page: Guarded) -> None:
    answer = page.ask("GET", new_link(page))
    assert (answer.status, answer.headers["location"]) == (303, "/")
    shown, *attributes = answer.headers["set-cookie"].split("; ")
    assert shown.startswith(f"almascan-{page.port}=")
    assert attributes == ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Strict"]
    assert page.ask("GET", "/", [("Cookie", shown)]).body == b"ada"


def test_a_link_has_256_bits_and_no_two_are_the_same(page: Guarded) -> None:
    links = {new_link(page) for _ in range(50)}
    assert len(links) == 50
    assert all(re.fullmatch(r"/enter\?token=[\w-]{43}", link) for link in links)


def test_without_a_session_nothing_but_the_style_is_given(page: Guarded) -> None:
    page.through.clear()
    for target in ("/", "/runs/1", "/static", "/nothing", "/enter/", "/Static/page.css"):
        assert_refused(page.ask("GET", target), Refusal.NO_SESSION)
    assert_refused(page.ask("POST", "/change", [("Origin", page.origin)], b""), Refusal.NO_SESSION)
    assert page.ask("GET", "/static/page.css").body == b"body {}"
    assert page.through == []


def test_a_link_works_once(page: Guarded) -> None:
    link = new_link(page)
    assert page.ask("GET", link).status == 303
    assert_refused(page.ask("GET", link), Refusal.OLD_LINK)


def test_a_link_works_for_ten_minutes(page: Guarded, clock: Clock) -> None:
    link, other = new_link(page), new_link(page)
    clock.seconds += 599
    assert page.ask("GET", link).status == 303
    clock.seconds += 1
    assert_refused(page.ask("GET", other), Refusal.OLD_LINK)


@pytest.mark.parametrize("query", ["", "?token=", "?token=guessed", "?token=%00", "?tok=1&" * 20, "?token=x&token=y"])
def test_a_token_that_was_never_given_lets_nobody_in(page: Guarded, query: str) -> None:
    assert_refused(page.ask("GET", f"/enter{query}"), Refusal.OLD_LINK)


def test_two_tokens_in_one_link_let_nobody_in_and_use_none_up(page: Guarded) -> None:
    token = new_link(page).partition("=")[2]
    assert_refused(page.ask("GET", f"/enter?token={token}&token={token}"), Refusal.OLD_LINK)
    assert page.ask("GET", f"/enter?token={token}").status == 303


def test_a_look_ahead_at_a_link_does_not_use_it_up(page: Guarded) -> None:
    link = new_link(page)
    assert page.ask("HEAD", link).status == 405
    assert page.ask("GET", link, [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")]).status == 403
    assert page.ask("POST", link, [("Origin", page.origin)]).status == 405
    assert page.ask("GET", link).status == 303


def test_a_used_link_leads_a_browser_that_is_in_to_the_page(page: Guarded) -> None:
    link = new_link(page)
    shown = cookie_of(page.ask("GET", link))
    answer = page.ask("GET", link, [("Cookie", shown)])
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers


def test_a_link_that_is_followed_in_a_mail_goes_on_as_a_page_of_its_own(page: Guarded) -> None:
    followed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    answer = page.ask("GET", new_link(page), followed)
    assert (answer.status, answer.headers["refresh"]) == (200, "0; url=/")
    assert page.ask("GET", "/", [("Cookie", cookie_of(answer))]).status == 200


def test_a_session_lasts_thirty_days(page: Guarded, clock: Clock) -> None:
    session = enter(page)
    clock.seconds += 30 * 24 * 3600
    assert page.ask("GET", "/", [session]).status == 200
    clock.seconds += 1
    assert_refused(page.ask("GET", "/", [session]), Refusal.NO_SESSION)


def test_a_session_from_the_future_is_none(page: Guarded, clock: Clock) -> None:
    session = enter(page)
    clock.seconds -= 10
    assert_refused(page.ask("GET", "/", [session]), Refusal.NO_SESSION)


def test_a_session_holds_after_a_restart_on_the_same_port(page: Guarded, clock: Clock) -> None:
    session = enter(page)
    again = LinkAccess(SECRET, "ada", page.port, now=clock)
    with guarded(lambda _: again) as restarted:
        assert restarted.ask("GET", "/", [session], host=page.host).body == b"ada"


def test_a_session_signed_with_another_secret_is_none(page: Guarded, clock: Clock) -> None:
    other = LinkAccess(f"{SECRET}!", "eve", page.port, now=clock)
    with guarded(lambda _: other) as elsewhere:
        token = other.new_link().partition("?")[2]
        shown = cookie_of(elsewhere.ask("GET", f"/enter?{token}", host=page.host))
        assert elsewhere.ask("GET", "/", [("Cookie", shown)], host=page.host).status == 200
    assert_refused(page.ask("GET", "/", [("Cookie", shown)]), Refusal.NO_SESSION)


def test_a_changed_or_invented_cookie_is_none(page: Guarded) -> None:
    name, shown = enter(page)
    key, _, value = shown.partition("=")
    session_id, stamp, signature = value.split(".")
    forged = [
        "",
        "a.b.c",
        "\x7f",
        f"{session_id}x.{stamp}.{signature}",
        f"{session_id}.{stamp}A.{signature}",
        f"{session_id}.{stamp}.{signature[:-2]}",
        TimestampSigner(SECRET).sign(session_id).decode(),
    ]
    for each in forged:
        assert_refused(page.ask("GET", "/", [(name, f"{key}={each}")]), Refusal.NO_SESSION)
    assert_refused(page.ask("GET", "/", [(name, f"almascan-1={value}")]), Refusal.NO_SESSION)


def test_a_cookie_that_another_server_of_this_machine_put_beside_ours_does_no_harm(page: Guarded) -> None:
    name, shown = enter(page)
    key = shown.partition("=")[0]
    assert page.ask("GET", "/", [(name, f"{key}=theirs; {shown}; other=1")]).status == 200
    assert page.ask("GET", "/", [(name, f"{key}=theirs"), (name, shown)]).status == 200
    assert page.ask("GET", "/", [(name, "; ".join([f"{key}=theirs"] * 5000))]).status in (400, 403)


def test_no_more_than_a_hundred_links_wait_to_be_used(page: Guarded) -> None:
    first, *_, last = [new_link(page) for _ in range(101)]
    assert_refused(page.ask("GET", first), Refusal.OLD_LINK)
    assert page.ask("GET", last).status == 303


def test_a_user_header_means_nothing_without_a_proxy(page: Guarded) -> None:
    assert_refused(page.ask("GET", "/", [("X-Forwarded-User", "root")]), Refusal.NO_SESSION)
    session = enter(page)
    forwarded = [("X-Forwarded-User", "root"), ("X-Forwarded-For", "9.9.9.9"), ("Forwarded", "for=9.9.9.9")]
    assert page.ask("GET", "/", [session, *forwarded]).body == b"ada"
