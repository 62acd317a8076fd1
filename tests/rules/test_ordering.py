"""From settings and wishes to an order."""

from typing import Any

import pytest

from almascan.errors import UsageError
from almascan.model import HOME, Desk, Outcome
from almascan.ordering import Wishes, find_desk, make_order, names_desk
from almascan.settings import Settings

AT_DESK = Settings(library="MAIN", circ_desk="CIRC")
AT_DEPARTMENT = Settings(library="MAIN", department="BIND", recipe="work-order")


def test_settings_and_wishes_come_together_in_the_order() -> None:
    settings = Settings(
        library="MAIN", circ_desk="CIRC", rate=7.0, keep_calls=10, home_desks="MAIN=CIRC, MAIN/rare = RARE"
    )
    wishes = Wishes(allow=("on-loan",), skip=("missing",), then_desk="SCI/S", in_house_use=True, locate="set")
    order = make_order(settings, wishes)
    assert (order.desk, order.then, order.rate, order.keep_calls) == (Desk("MAIN", "CIRC"), Desk("SCI", "S"), 7.0, 10)
    assert (order.allow, order.skip, order.locate) == ((Outcome.ON_LOAN,), (Outcome.MISSING,), "set")
    assert order.options.register_in_house_use
    assert order.desk_map == {"MAIN": "CIRC", "MAIN/rare": "RARE"}


def test_a_work_order_at_a_department_is_done_by_its_scan() -> None:
    assert make_order(AT_DEPARTMENT, Wishes(work_order_type="T", status="S")).options.done
    assert not make_order(AT_DESK, Wishes()).options.done


def test_the_second_desk_is_the_items_home_or_one_of_the_same_library_or_of_another() -> None:
    for text, desk in {"HOME": HOME, "RARE": Desk("MAIN", "RARE"), "LAW/L": Desk("LAW", "L")}.items():
        assert make_order(AT_DESK, Wishes(then_desk=text)).then == desk


def test_each_items_home_desk_needs_no_library() -> None:
    assert find_desk(Settings(circ_desk="Home")) == HOME
    assert names_desk(Settings(department="BIND"))
    assert not names_desk(Settings(library="MAIN"))


@pytest.mark.parametrize(
    ("settings", "wishes", "sentence"),
    [
        (Settings(), {}, "Nothing says where to scan"),
        (Settings(circ_desk="CIRC"), {}, "Nothing says where to scan"),
        (AT_DESK, {"work_order_type": "T"}, "go with a department"),
        (AT_DESK, {"done": True}, "go with a department"),
        (Settings(library="M", circ_desk="C", recipe="any"), {"locate": "set"}, "Leave one of the two out"),
        (Settings(circ_desk="home", recipe="any"), {}, "take another recipe"),
        (Settings(library="M", circ_desk="C", recipe="any"), {"skip": ("missing",)}, "The order cannot be followed"),
        (AT_DESK, {"allow": ("on-lone",)}, 'no such reason to allow as "on-lone". Did you mean "on-loan"?'),
        (AT_DESK, {"skip": ("sent-in-earlier-run",)}, "no such reason to skip"),
        (AT_DESK, {"then_desk": "LAW/"}, '"LAW/" is not'),
        (Settings(library="M", circ_desk="C", home_desks="MAIN"), {}, "The home desks are written"),
    ],
)
def test_what_contradicts_itself_is_refused_in_words_that_hold_for_the_page_too(
    settings: Settings, wishes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as refused:
        make_order(settings, Wishes(**wishes))
    assert sentence in str(refused.value)
    assert "--" not in str(refused.value)
