"""The page for a team: believed is the proxy's word alone, and only where it comes from the proxy."""

from collections.abc import Callable, Iterator

import pytest
from tests.web.guarded import SECRET, Guarded, guarded
from tests.web.test_access_links import assert_refused

from almascan.errors import UsageError
from almascan.web.access import ProxyAccess, Refusal
from almascan.web.access.asked import Asked
from almascan.web.access.proxy_access import read_name

HOST = "scan.example.org"
ORIGIN = f"https://{HOST}"
USER = ("X-Forwarded-User", "ada")


def through_proxy(
    *proxies: str, origin: str = ORIGIN, header: str = "X-Forwarded-User"
) -> Callable[[int], ProxyAccess]:
    return lambda _: ProxyAccess(SECRET, proxies, origin, header)


@pytest.fixture(scope="module")
def page() -> Iterator[Guarded]:
    with guarded(through_proxy("127.0.0.1")) as running:
        yield running


@pytest.fixture(scope="module")
def past() -> Iterator[Guarded]:
    """A page whose proxy is elsewhere, so that every request of these tests is past it."""
    with guarded(through_proxy("192.0.2.7", "198.51.100.0/24")) as running:
        yield running


def token_of(page: Guarded, name: str) -> str:
    person = page.access.admit(Asked("GET", "/", "/", headers=((b"x-forwarded-user", name.encode()),)))
    assert not isinstance(person, Refusal)
    return getattr(person, "csrf", "")


def test_whom_the_proxy_names_is_let_in(page: Guarded) -> None:
    assert page.ask("GET", "/", [USER], host=HOST).body == b"ada"
    assert page.ask("GET", "/", [USER], host=f"{HOST}:443").body == b"ada"
    name = "Zoë Müller <zoe@example.org>"
    assert page.ask("GET", "/", [("X-Forwarded-User", name)], host=HOST).body.decode() == name


def test_past_the_proxy_nothing_is_given_even_with_everything_else_right(past: Guarded) -> None:
    right = [USER, ("Origin", ORIGIN), ("Sec-Fetch-Site", "same-origin"), ("X-CSRF-Token", token_of(past, "ada"))]
    pretended = [("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=192.0.2.7"), ("X-Real-IP", "192.0.2.7")]
    for target in ("/", "/static/page.css", "/enter?token=1", "/runs/1"):
        assert_refused(past.ask("GET", target, right, host=HOST), Refusal.NOT_FROM_PROXY)
        assert_refused(past.ask("GET", target, [*right, *pretended], host=HOST), Refusal.NOT_FROM_PROXY)
    assert_refused(past.ask("POST", "/change", [*right, *pretended], host=HOST), Refusal.NOT_FROM_PROXY)
    assert past.through == []


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Forwarded-User", "")],
        [("X-Forwarded-User", "  ")],
        [USER, USER],
        [USER, ("X-Forwarded-User", "")],
        [USER, ("x-forwarded-user", "root")],
        [("X-Forwarded-User", "root, ada")],
        [("X-Forwarded-User", "a" * 201)],
        [("X-Forwarded-User", "ada\x1b[2J")],
        [("X-Forwarded-User", "ada\u202egnp")],
        [("X_Forwarded_User", "ada")],
        [("Remote-User", "ada")],
        [("Cookie", "almascan-443=x")],
    ],
)
def test_without_one_plain_user_header_nothing_is_given(page: Guarded, headers: list[tuple[str, str]]) -> None:
    answer = page.ask("GET", "/", headers, host=HOST)
    assert answer.status in (400, 403)
    assert answer.body in (f"{Refusal.NO_USER.sentence}\n".encode(), b"Invalid HTTP request received.")


def test_the_user_header_can_have_another_name() -> None:
    with guarded(through_proxy("127.0.0.0/8", header="Remote-User")) as page:
        assert page.ask("GET", "/", [("Remote-User", "ada"), ("X-Forwarded-User", "eve")], host=HOST).body == b"ada"
        assert_refused(page.ask("GET", "/", [USER], host=HOST), Refusal.NO_USER)


def test_the_host_must_be_the_public_one(page: Guarded) -> None:
    for host in (page.host, "localhost", f"{HOST}:80", f"{HOST}.evil.example", f"www.{HOST}"):
        assert_refused(page.ask("GET", "/", [USER], host=host), Refusal.WRONG_HOST)
        assert_refused(page.ask("GET", "/static/page.css", [USER], host=host), Refusal.WRONG_HOST)


def test_a_link_s_token_and_cookie_play_no_part(page: Guarded) -> None:
    assert page.ask("GET", "/enter?token=1", [USER], host=HOST).status == 404
    assert "set-cookie" not in page.ask("GET", "/", [USER], host=HOST).headers


def test_a_change_needs_the_public_origin_and_the_person_s_own_token(page: Guarded) -> None:
    page.through.clear()
    ada, eve = token_of(page, "ada"), token_of(page, "eve")
    for origin in (page.origin, f"http://{HOST}", "null", f"{ORIGIN}:443"):
        sent = [USER, ("Origin", origin), ("X-CSRF-Token", ada)]
        assert_refused(page.ask("POST", "/change", sent, host=HOST), Refusal.WRONG_ORIGIN)
    for token in (eve, "", ada[:-1]):
        sent = [USER, ("Origin", ORIGIN), ("X-CSRF-Token", token)]
        assert_refused(page.ask("POST", "/change", sent, host=HOST), Refusal.NO_CSRF)
    assert page.through == []
    assert page.ask("POST", "/change", [USER, ("Origin", ORIGIN), ("X-CSRF-Token", ada)], host=HOST).status == 303


def test_a_proxy_of_another_network_or_with_an_ipv6_address_is_known() -> None:
    access = ProxyAccess(SECRET, ["10.1.2.0/24", "2001:db8::/32"], ORIGIN)
    good = ["10.1.2.255", "::ffff:10.1.2.1", "2001:db8::1"]
    bad = ["10.1.3.0", "2001:db9::1", "::1", "127.0.0.1", "", "unix:", "10.1.2"]
    refused = [peer for peer in [*good, *bad] if access.check_sender(Asked("GET", "/", "/", peer=peer)) is not None]
    assert refused == bad


@pytest.mark.parametrize("proxy", ["", "proxy.example.org", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.1:80"])
def test_a_proxy_that_is_no_address_or_every_address_is_refused(proxy: str) -> None:
    with pytest.raises(UsageError, match="--proxy"):
        ProxyAccess(SECRET, [proxy], ORIGIN)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "scan.example.org",
        "https://",
        "ftp://scan.example.org",
        "https://scan.example.org/page",
        "https://scan.example.org?x",
        "https://scan.example.org#x",
        "https://user@scan.example.org",
        "https://scan.example.org:port",
        "https://scan.exa mple.org",
        "https://[::1",
        "https://büro.example",
        "http://scan.example.org",
    ],
)
def test_an_origin_that_is_no_secure_public_address_is_refused(origin: str) -> None:
    with pytest.raises(UsageError, match="--origin"):
        ProxyAccess(SECRET, ["127.0.0.1"], origin)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://Scan.Example.org/", "scan.example.org"),
        ("https://scan.example.org:8443", "scan.example.org:8443"),
        ("http://localhost:9000", "localhost:9000"),
        ("https://[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_the_host_follows_from_the_origin(origin: str, host: str) -> None:
    expected = origin.lower().rstrip("/")
    assert ProxyAccess(SECRET, ["127.0.0.1"], origin).site.origin_of(host) == expected


@pytest.mark.parametrize("header", ["", "two words", "User:", "Cookie", "host", "X-Üser"])
def test_a_user_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(UsageError, match="--proxy-user-header"):
        ProxyAccess(SECRET, ["127.0.0.1"], ORIGIN, header)


def test_a_name_that_is_no_utf_8_is_none() -> None:
    assert read_name([b"\xff\xfe"]) is None
