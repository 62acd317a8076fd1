import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.alma import REGIONS, resolve_base_url
from almascan.errors import UsageError


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_an_https_address(region: str) -> None:
    base_url = resolve_base_url(region)
    assert base_url == f"https://{REGIONS[region]}/almaws/v1"
    assert resolve_base_url(base_url) == base_url
    assert resolve_base_url(f" {region.upper()} ") == base_url


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://api-eu.hosted.exlibrisgroup.com", "https://api-eu.hosted.exlibrisgroup.com/almaws/v1"),
        ("https://API-EU.hosted.exlibrisgroup.com/almaws/v1/", "https://api-eu.hosted.exlibrisgroup.com/almaws/v1"),
        ("https://api-cn.hosted.exlibrisgroup.com.cn/", "https://api-cn.hosted.exlibrisgroup.com.cn/almaws/v1"),
        ("http://127.0.0.1:8765/almaws/v1", "http://127.0.0.1:8765/almaws/v1"),
        ("http://127.8.9.1:1", "http://127.8.9.1:1/almaws/v1"),
        ("http://localhost:8765", "http://localhost:8765/almaws/v1"),
        ("http://[::1]:8765/almaws/v1", "http://[::1]:8765/almaws/v1"),
    ],
)
def test_an_address_of_alma_or_of_this_machine_is_taken(given_url: str, expected: str) -> None:
    assert resolve_base_url(given_url) == expected


@pytest.mark.parametrize(
    "given_url",
    [
        "",
        "europe",
        "api-eu.hosted.exlibrisgroup.com",
        "http://api-eu.hosted.exlibrisgroup.com/almaws/v1",
        "https://api-eu.hosted.exlibrisgroup.com.evil.example/almaws/v1",
        "https://evilhosted.exlibrisgroup.com",
        "https://hosted.exlibrisgroup.com.evil.cn",
        "https://mylib.alma.exlibrisgroup.com/almaws/v1",
        "https://api-eu.hosted.exlibrisgroup.com:8443/almaws/v1",
        "https://api-eu.hosted.exlibrisgroup.com/other",
        "https://user:pw@api-eu.hosted.exlibrisgroup.com/almaws/v1",
        "https://127.0.0.1@evil.example/almaws/v1",
        "https://api-eu.hosted.exlibrisgroup.com/almaws/v1?apikey=l8xxSECRET",
        "http://127.0.0.1.evil.example/almaws/v1",
        "http://10.0.0.1/almaws/v1",
        "http://127.0.0.1:port/almaws/v1",
        "http://[::1/almaws/v1",
        "ftp://localhost/almaws/v1",
    ],
)
def test_no_other_address_gets_the_key(given_url: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_base_url(given_url)
    assert "SECRET" not in str(caught.value)
    assert str(caught.value).endswith(".") or str(caught.value).endswith(").")


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://"]))
def test_any_text_is_an_address_or_a_sentence(text: str, scheme: str) -> None:
    try:
        base_url = resolve_base_url(scheme + text)
    except UsageError:
        return
    assert base_url.endswith("/almaws/v1")
