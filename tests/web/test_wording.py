"""The texts of the page."""

import pytest

from almascan.model import RECIPES, Outcome
from almascan.web.access import Refusal
from almascan.web.wording import Wording, choose_language, load_wording

TEXTS = {
    "language": {"code": "xx"},
    "a": {"plain": "All is well.", "counted": "one row|{count} rows", "filled": "{done} of {whole}, {rate}"},
    "outcomes": {"in-place": {"label": "Am Platz", "sentence": "Da.", "step": "Einstellen."}},
    "recipes": {"transit": "Unterwegs."},
    "refusals": {"no-session": "Nein."},
}


def test_a_text_that_counts_has_two_forms() -> None:
    t = Wording(TEXTS)
    assert t("a.counted", count=1) == "one row"
    assert t("a.counted", count=0) == "0 rows"
    assert t("a.counted", count=1234) == "1,234 rows"


def test_numbers_are_written_with_their_thousands_set_apart() -> None:
    assert Wording(TEXTS)("a.filled", done=1000, whole=25_000, rate=2.5) == "1,000 of 25,000, 2.5"


@pytest.mark.parametrize("name", ["a.none", "none.plain", "plain"])
def test_a_text_that_is_not_there_is_a_defect_and_not_an_empty_place(name: str) -> None:
    with pytest.raises(KeyError):
        Wording(TEXTS)(name)


def test_a_translation_may_say_outcomes_recipes_and_refusals_in_its_own_words() -> None:
    t = Wording(TEXTS)
    assert t.outcome(Outcome.IN_PLACE).label == "Am Platz"
    assert t.recipe("transit") == "Unterwegs."
    assert t.refusal(Refusal.NO_SESSION) == "Nein."


def test_what_a_translation_leaves_out_is_taken_from_the_shared_tables() -> None:
    t = Wording(TEXTS)
    assert t.outcome(Outcome.ON_LOAN).sentence == Outcome.ON_LOAN.sentence
    assert t.outcome(Outcome.ON_LOAN).label == "On loan"
    assert t.recipe("returns") == RECIPES["returns"].purpose
    assert t.refusal(Refusal.OLD_LINK) == Refusal.OLD_LINK.sentence


def test_no_step_on_the_page_tells_a_person_to_type_a_command() -> None:
    t = load_wording()
    assert [outcome for outcome in Outcome if "almascan " in t.outcome(outcome).step] == []


@pytest.mark.parametrize("accepted", ["", "en", "en-GB,en;q=0.9", "tlh,*;q=0.1", "zz;q=", ";;;,,,", "\x00"])
def test_whatever_a_browser_asks_for_there_are_texts(accepted: str) -> None:
    assert choose_language(accepted) == "en"
