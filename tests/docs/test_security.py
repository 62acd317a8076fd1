"""SECURITY.md claims nothing that no test proves."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
CITED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
_CLAIM = re.compile(r"^- (?!\*\*).*(?:\n  .*)*", re.MULTILINE)


@pytest.mark.parametrize(("path", "name"), CITED)
def test_every_test_that_is_cited_exists(path: str, name: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


def test_every_claim_cites_a_test() -> None:
    claims: list[str] = _CLAIM.findall(PAGE.partition("## Who could do harm")[2])
    assert len(claims) > 20
    assert [claim for claim in claims if "::test_" not in claim] == []
