import base64
import hashlib
import io
import re
from html.parser import HTMLParser

from tests.report.samples import START, ZONE, a_row, a_run, an_item, counted, once, written

from almascan.model import Outcome, Row, RunState
from almascan.report.html_report import ROWS_SHOWN, write_html


class Page(HTMLParser):
    """The page as a reader without a browser sees it: elements with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def page(*rows: Row) -> Page:
    return Page(written(write_html, list(rows)))


def test_the_page_says_what_became_of_the_rows_and_what_to_do() -> None:
    text = page(a_row(1), a_row(2, Outcome.ON_HOLD_SHELF), a_row(3, None)).text
    assert "1 of 3 rows are done. 2 need a person." in text
    for outcome in (Outcome.IN_PLACE, Outcome.ON_HOLD_SHELF):
        assert outcome.sentence in text
        assert outcome.next_step in text
    assert "almascan settle 7 ROW --done" in text


def test_rows_that_need_a_person_come_first() -> None:
    bodies = page(a_row(1), a_row(2, Outcome.NOT_FOUND), a_row(3, Outcome.ON_HOLD_SHELF)).tags("tbody")
    bodies = [body for body in bodies if "data-outcome" in body]
    assert [body["data-outcome"] for body in bodies] == ["on-hold-shelf", "not-found", "in-place"]
    assert ["data-person" in body for body in bodies] == [True, True, False]


def test_what_alma_and_the_list_say_is_shown_as_text_and_never_as_markup() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
    row = a_row(1, given=attack, barcode=attack, note=attack, alma_message=attack, before=an_item(title=attack))
    hostile = written(write_html, [row], list_name=attack, who=attack, reason=attack, state=RunState.PAUSED)
    found = Page(hostile)
    assert not found.tags("img")
    assert len(found.tags("script")) == 1
    assert found.text.count(attack) >= 8


def test_control_characters_do_not_reach_the_page() -> None:
    text = written(
        write_html, [a_row(1, given="a\x1b", barcode="a\u202eb", before=an_item(title="x\x00y\x1b[31m\u202ez"))]
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert "a\\u202eb" in text


def test_nothing_is_fetched_from_anywhere() -> None:
    found = page(a_row(1, before=an_item()), a_row(2, Outcome.LOST))
    for tag, attributes in found.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "form")
        assert not {"src", "srcset", "action", "style", "background"} & set(attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "@import" not in written(write_html, [a_row(1)])
    assert "url(" not in written(write_html, [a_row(1)])


def test_the_content_policy_allows_the_page_its_own_style_and_script_and_nothing_else() -> None:
    text = written(write_html, [a_row(1)])
    policies = [tag["content"] for tag in Page(text).tags("meta") if tag.get("http-equiv") == "Content-Security-Policy"]
    for name in ("style", "script"):
        inside = re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in (policies[0] or "")
    assert (policies[0] or "").startswith("default-src 'none'")


def test_tables_have_captions_and_their_headers_a_scope() -> None:
    found = page(a_row(1), a_row(2, Outcome.LOST))
    assert len(found.tags("caption")) == len(found.tags("table")) == 2
    assert all("scope" in header for header in found.tags("th"))
    assert found.tags("html")[0]["lang"] == "en"
    identifiers = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_the_filter_is_hidden_where_no_script_runs() -> None:
    assert "hidden" in next(tag for tag in page(a_row(1)).tags("div") if tag.get("id") == "filter")


def test_a_group_is_told_by_its_word_and_not_by_colour_alone() -> None:
    text = " ".join(page(a_row(1), a_row(2, Outcome.LOST), a_row(3, Outcome.NOT_FOUND)).text.split())
    for words in ("1 done", "1 skipped", "1 failed"):
        assert words in text


def test_times_are_shown_in_the_zone_that_is_asked_for() -> None:
    out = io.BytesIO()
    write_html(a_run(), {Outcome.IN_PLACE: 1}, [a_row(1, finished_at=START)], out, zone=ZONE)
    text = out.getvalue().decode()
    assert "2026-11-24 09:00:00 +01:00" in text
    assert '<time datetime="2026-11-24T08:00:00.000Z">2026-11-24 09:00:00</time>' in text
    assert "2 min, pauses included" in text


def test_the_bars_are_as_long_as_their_share() -> None:
    found = page(*(a_row(number) for number in range(3)), a_row(3, Outcome.LOST))
    widths = {str(bar["class"]): bar["width"] for bar in found.tags("rect") if bar.get("x") is not None}
    assert widths == {"done": "75.0", "skipped": "25.0"}


def test_a_long_run_shows_what_needs_a_person_and_names_the_csv() -> None:
    rows = [a_row(number, Outcome.LOST if number % 1000 == 0 else Outcome.IN_PLACE) for number in range(ROWS_SHOWN + 1)]
    found = page(*rows)
    assert len(found.tags("tr")) < 30
    assert "The list is long, so 11 rows that need a person are shown here." in " ".join(found.text.split())
    assert "almascan report 7 --format csv --output run-7.csv" in found.text


def test_of_too_many_rows_that_need_a_person_the_first_are_shown() -> None:
    text = written(write_html, [a_row(number, Outcome.LOST) for number in range(ROWS_SHOWN + 2)])
    assert "the first 10,000 of 10,002 rows that need a person are shown here" in " ".join(text.split())
    assert text.count('scope="row" class="figure"') == ROWS_SHOWN


def test_a_list_without_rows_and_one_without_trouble_have_a_page_too() -> None:
    assert "The list had no rows." in page().text
    rows = [a_row(number) for number in range(ROWS_SHOWN + 1)]
    assert "No row needs a person." in page(*rows).text


def test_a_paused_run_says_so_and_why() -> None:
    text = written(write_html, [a_row(1, Outcome.NOT_TRIED)], state=RunState.PAUSED, reason="The first 20 rows failed.")
    assert "The run is paused." in text
    assert "The first 20 rows failed." in text


def test_rows_are_read_once() -> None:
    rows = [a_row(1), a_row(2)]
    out = io.BytesIO()
    write_html(a_run(rows=2), counted(rows), once(rows), out)
    assert "30112000000002" in out.getvalue().decode()
