from collections.abc import Callable

import pytest

from almascan.alma import configuration
from almascan.alma.answers import Answer
from almascan.alma.configuration import CircDesk, Department, General, Library
from almascan.errors import NoAnswerError


def test_the_captured_libraries_are_all_read(capture: Callable[[str], bytes]) -> None:
    libraries = configuration.libraries().read(Answer(200, capture("libraries.json")))
    assert libraries[0] == Library("RES_SHARE", "Resource Sharing Library")
    assert Library("1030011", "UiO Arkeologisk bibliotek") in libraries


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"institution":{"value":"01ABC","desc":"Abc"},"environment_type":"PRODUCTION"}',
            ("01ABC", "Abc", "production"),
        ),
        (b'{"institution":{"value":"01ABC"},"environment_type":{"value":"SANDBOX"}}', ("01ABC", "", "sandbox")),
        (b'{"institution":"01ABC","environment_type":"Premium Sandbox"}', ("01ABC", "", "sandbox")),
        (b'{"environment_type":null}', ("", "", "unknown")),
        (
            b'<general><institution desc="Abc">01ABC</institution><environment_type>production</environment_type></general>',
            ("01ABC", "Abc", "production"),
        ),
    ],
)
def test_the_environment_is_told_in_three_words(body: bytes, expected: tuple[str, str, str]) -> None:
    general = configuration.general().read(Answer(200, body))
    assert (general.code, general.name, general.environment) == expected
    assert isinstance(general, General)


@pytest.mark.parametrize(
    "body",
    [
        b"<test>GET - OK - institutionCode: 01ABC_INST</test>",
        b'{"test":"GET - OK - institutionCode: 01ABC_INST"}',
        b"GET - OK - institutionCode:01ABC_INST\n",
    ],
)
def test_the_test_names_the_institution(body: bytes) -> None:
    assert configuration.test_read().read(Answer(200, body)) == "01ABC_INST"


def test_a_test_that_names_no_institution_is_no_answer() -> None:
    with pytest.raises(NoAnswerError):
        configuration.test_read().read(Answer(200, b"<html>Log in</html>"))


def test_a_desk_has_its_locations_and_a_library_may_have_no_desk() -> None:
    page = configuration.circ_desks("MAIN", 0).read(
        Answer(
            200,
            b'{"circ_desk":[{"code":"D","name":"Desk","primary":true,"location":[{"location_code":"stacks"}]},'
            b'{"code":"E","name":"Other"}],"total_record_count":2}',
        )
    )
    assert page.desks == [
        CircDesk("D", "Desk", True, frozenset({"stacks"})),
        CircDesk("E", "Other", False, frozenset()),
    ]
    assert page.total == 2
    assert configuration.circ_desks("X", 0).read(Answer(200, b'{"total_record_count":0}')).desks == []
    bare = b'<circ_desks total_record_count="1"><circ_desk><code>D</code><location><location_code>s</location_code></location></circ_desk></circ_desks>'
    assert configuration.circ_desks("X", 0).read(Answer(200, bare)).desks == [
        CircDesk("D", "", False, frozenset({"s"}))
    ]


def test_one_department_may_come_bare() -> None:
    body = b'{"department":{"code":"BIND","name":"Bindery","type":{"value":"WO"},"owner":{"value":"MAIN"},"circ_desk":{"value":""}}}'
    assert configuration.departments(None).read(Answer(200, body)) == [Department("BIND", "Bindery", "WO", "MAIN", "")]
    assert configuration.departments("A B").path.endswith("view=brief&library=A+B")
