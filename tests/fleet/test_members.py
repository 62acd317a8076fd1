"""Which institutions a worker knows, and that a key that has changed is taken without a restart."""

import os
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.settings.keyrings import LockedKeyring, MemoryKeyring, in_use

from almascan.errors import KeyRefusedError
from almascan.fleet.members import COMMAND_AGAIN_SECONDS, LOOK_AGAIN_SECONDS, REFUSED_SECONDS, Members
from almascan.settings import Settings, keep_in_file, keep_in_keyring

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "keys-of-many.md"


class Office:
    """A folder with a file of profiles and keys, and a clock that stands until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "profiles.toml"
        self.seconds = 1000.0

    def write(self, text: str) -> None:
        """Replace the file of profiles."""
        keep_in_file(self.path, text)

    def profile(self, name: str, *lines: str) -> str:
        """Give a profile's table, its institution named after it."""
        return "\n".join([f"[profiles.{name}]", 'base_url = "eu"', f'institution = "01{name}"', *lines, ""])

    def with_file(self, name: str, key: str) -> str:
        """Write a key file and give the profile that names it."""
        keep_in_file(self.folder / f"{name}.key", key)
        return self.profile(name, f"key_file = '{self.folder / name}.key'")

    def with_command(self, name: str, code: str) -> str:
        """Write a small program, which notes that it ran, and give the profile that names it."""
        script = self.folder / f"{name}.py"
        note = f"open({str(self.folder / name)!r}, 'a').write('.')\n"
        script.write_text(note + code, encoding="utf-8")
        return self.profile(name, f"""key_command = '"{sys.executable}" "{script}"'""")

    def times_run(self, name: str) -> int:
        """How often the program of a profile ran."""
        return len((self.folder / name).read_text())

    def members(self, environ: Mapping[str, str] | None = None) -> Members:
        """Give the members after a first refresh."""
        members = Members(os.environ if environ is None else environ, self.path, now=lambda: self.seconds)
        members.refresh()
        return members


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_each_way_of_giving_a_key_makes_a_member(office: Office) -> None:
    office.write(
        office.profile("ENV", 'key_env = "KEY_OF_ENV"')
        + office.with_file("FILE", "l8xxfile")
        + office.with_command("COMMAND", "print('l8xxcommand')")
        + office.profile("RING")
        + '[profiles.other]\nbase_url = "eu"\n'
    )
    with in_use(MemoryKeyring()):
        keep_in_keyring("RING", "l8xxring")
        members = office.members({**os.environ, "KEY_OF_ENV": "l8xxenv"})
    assert members.codes == ("01ENV", "01FILE", "01COMMAND", "01RING")
    keys = [members.key(code).value for code in members.codes]
    assert keys == ["l8xxenv", "l8xxfile", "l8xxcommand", "l8xxring"]
    assert members.problems == {}


def test_a_member_is_known_however_its_code_is_spelled_and_has_its_profiles_own_settings(office: Office) -> None:
    office.write(office.with_file("ABC", "l8xxabc"))
    environ = {"ALMASCAN_LIBRARY": "OTHER", "ALMASCAN_BASE_URL": "na", "ALMASCAN_INSTITUTION": "01OTHER"}
    member = office.members(environ).member("01abc")
    assert (member.code, member.profile) == ("01ABC", "ABC")
    key_file = str(office.folder / "ABC.key")
    assert member.settings == Settings(profile="ABC", base_url="eu", institution="01ABC", key_file=key_file)


def test_a_code_without_a_profile_or_a_key_is_a_sentence(office: Office) -> None:
    office.write(office.profile("ABC", 'key_env = "KEY_OF_ABC"'))
    members = office.members({})
    assert members.codes == ()
    with pytest.raises(KeyRefusedError, match=r'for 01XYZ: give .* the line institution = "01XYZ"'):
        members.member("01XYZ")
    with pytest.raises(KeyRefusedError, match=r'no key for 01abc here, profile "ABC": .*KEY_OF_ABC'):
        members.key("01abc")
    assert "KEY_OF_ABC, which key_env names, is not set" in members.problems["ABC"]


def test_the_one_key_of_the_environment_is_the_key_of_one_institution_alone(office: Office) -> None:
    environ = {"ALMASCAN_API_KEY": "l8xxshared"}
    with in_use(MemoryKeyring()):
        office.write(office.profile("ABC"))
        members = office.members(environ)
        assert members.key("01ABC").value == "l8xxshared"
        office.write(office.profile("ABC") + office.with_file("XYZ", "l8xxyz"))
        members.refresh()
        assert members.codes == ("01XYZ",)
        assert "ALMASCAN_API_KEY" not in members.problems["ABC"]
        office.write(office.profile("ABC"))
        members.refresh()
        assert members.codes == ("01ABC",)


def test_of_two_profiles_of_one_institution_the_first_counts_and_the_second_is_told(office: Office) -> None:
    second = office.with_file("abc", "l8xxsecond").replace("profiles.abc", "profiles.second")
    office.write(office.with_file("ABC", "l8xxfirst") + second)
    members = office.members()
    assert (members.codes, members.key("01abc").value) == (("01ABC",), "l8xxfirst")
    assert members.problems == {
        "second": 'The profiles "ABC" and "second" are both for 01abc, and the first of the file counts: take '
        'institution out of "second".'
    }


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('institution = "01ABC"', "It does not say which Alma is meant"),
        ('institution = "01ABC"\nbase_url = "https://alma.example.org"', "alma.example.org"),
        ('institution = "01ABC"\nbase_url = "eu"\nkey_env = "A"\nkey_file = "B"', "gives both key_env and key_file"),
        ('institution = "01ABC"\nbase_url = "eu"\nkey_file = "a\\u0000b"', "names no file"),
    ],
)
def test_a_profile_that_cannot_be_used_is_a_problem_of_its_own(office: Office, lines: str, sentence: str) -> None:
    office.write(f"[profiles.broken]\n{lines}\n" + office.with_file("XYZ", "l8xxyz"))
    members = office.members()
    assert members.codes == ("01XYZ",)
    assert sentence in members.problems["broken"]
    with pytest.raises(KeyRefusedError, match="There is no key for 01ABC here"):
        members.member("01ABC")


def test_a_damaged_or_lost_file_of_profiles_leaves_what_was_known(office: Office) -> None:
    whole = office.with_file("ABC", "l8xxabc")
    office.write(whole)
    members = office.members()
    office.write("[profiles.ABC")
    members.refresh()
    assert (members.codes, "is no valid TOML" in members.problems[""]) == (("01ABC",), True)
    office.path.unlink()
    members.refresh()
    assert (members.codes, "is not there" in members.problems[""]) == (("01ABC",), True)
    office.write(whole)
    members.refresh()
    assert (members.codes, members.problems) == (("01ABC",), {})


def test_a_file_of_profiles_that_comes_later_is_read(office: Office) -> None:
    members = office.members()
    assert list(members.problems) == [""]
    office.write(office.with_file("ABC", "l8xxabc"))
    members.refresh()
    assert members.codes == ("01ABC",)
    office.write(office.with_file("XYZ", "l8xxyz"))
    members.refresh()
    assert members.codes == ("01XYZ",)


def test_a_key_file_that_is_replaced_is_read_at_the_next_refresh_and_one_that_is_gone_is_no_key(office: Office) -> None:
    office.write(office.with_file("ABC", "l8xxold"))
    members = office.members()
    keep_in_file(office.folder / "ABC.key", "l8xxnew")
    members.refresh()
    assert members.key("01ABC").value == "l8xxnew"
    (office.folder / "ABC.key").unlink()
    members.refresh()
    assert members.codes == ()
    assert "cannot be read" in members.problems["ABC"]
    keep_in_file(office.folder / "ABC.key", "l8xxback")
    members.refresh()
    assert members.key("01ABC").value == "l8xxback"


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_a_key_file_that_is_opened_to_others_is_no_key_any_more(office: Office) -> None:
    office.write(office.with_file("ABC", "l8xxold"))
    members = office.members()
    (office.folder / "ABC.key").chmod(0o644)
    members.refresh()
    assert members.codes == ()
    assert "chmod 600" in members.problems["ABC"]


def test_a_command_is_asked_again_after_five_minutes_and_not_before(office: Office) -> None:
    source = office.folder / "store"
    source.write_text("l8xxold")
    office.write(office.with_command("ABC", f"print(open({str(source)!r}).read())"))
    members = office.members()
    source.write_text("l8xxnew")
    office.seconds += LOOK_AGAIN_SECONDS - 1
    members.refresh()
    assert (office.times_run("ABC"), members.key("01ABC").value) == (1, "l8xxold")
    office.seconds += 1
    members.refresh()
    assert (office.times_run("ABC"), members.key("01ABC").value) == (2, "l8xxnew")


def test_a_command_that_fails_is_asked_once_a_minute(office: Office) -> None:
    office.write(office.with_command("ABC", "import sys; sys.exit(2)"))
    members = office.members()
    assert "failed with code 2" in members.problems["ABC"]
    office.seconds += COMMAND_AGAIN_SECONDS - 1
    members.refresh()
    assert office.times_run("ABC") == 1
    office.seconds += 1
    members.refresh()
    assert office.times_run("ABC") == 2


def test_a_store_that_is_away_for_a_while_takes_no_key_away(office: Office) -> None:
    source = office.folder / "store"
    source.write_text("l8xxkept")
    with in_use(MemoryKeyring()):
        keep_in_keyring("RING", "l8xxring")
        office.write(office.with_command("ABC", f"print(open({str(source)!r}).read())") + office.profile("RING"))
        members = office.members()
    source.unlink()
    office.seconds += LOOK_AGAIN_SECONDS
    with in_use(LockedKeyring()):
        members.refresh()
    assert (members.key("01ABC").value, members.key("01RING").value) == ("l8xxkept", "l8xxring")
    assert "failed with code 1" in members.problems["ABC"]
    assert "could not be asked" in members.problems["RING"]


def test_a_change_elsewhere_in_the_file_asks_no_command_again(office: Office) -> None:
    known = office.with_command("ABC", "print('l8xxabc')")
    office.write(known + office.with_file("XYZ", "l8xxyz"))
    members = office.members()
    office.write(known + office.with_file("XYZ", "l8xxyz") + office.with_file("NEW", "l8xxnew"))
    members.refresh()
    assert members.codes == ("01ABC", "01XYZ", "01NEW")
    assert office.times_run("ABC") == 1


def test_a_key_that_alma_refused_is_taken_again_when_it_differs_or_after_a_minute(office: Office) -> None:
    office.write(office.with_file("ABC", "l8xxold"))
    members = office.members()
    members.forget_key("01abc")
    members.refresh()
    assert members.codes == ()
    assert "Alma does not accept the key from the file" in members.problems["ABC"]
    office.seconds += REFUSED_SECONDS
    members.refresh()
    assert members.key("01ABC").value == "l8xxold"
    members.forget_key("01ABC")
    keep_in_file(office.folder / "ABC.key", "l8xxnew")
    members.refresh()
    assert (members.key("01ABC").value, members.problems) == ("l8xxnew", {})


def test_a_refused_key_of_a_command_is_asked_for_at_the_next_refresh(office: Office) -> None:
    source = office.folder / "store"
    source.write_text("l8xxold")
    office.write(office.with_command("ABC", f"print(open({str(source)!r}).read())"))
    members = office.members()
    members.forget_key("01ABC")
    source.write_text("l8xxnew")
    members.refresh()
    assert members.key("01ABC").value == "l8xxnew"


def test_a_late_refusal_of_an_older_key_leaves_the_new_one(office: Office) -> None:
    office.write(office.with_file("ABC", "l8xxnew"))
    members = office.members()
    members.forget_key("01ABC", "l8xxold")
    assert members.key("01ABC").value == "l8xxnew"
    members.forget_key("01ABC", "l8xxnew")
    assert members.codes == ()
    members.forget_key("01UNKNOWN")


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX's")
def test_a_command_that_waits_keeps_nothing_else_from_being_found(office: Office) -> None:
    gate = office.folder / "gate"
    os.mkfifo(gate)
    office.write(office.with_command("SLOW", f"print(open({str(gate)!r}).read())") + office.with_file("ABC", "l8xxabc"))
    members = Members(os.environ, office.path, now=lambda: office.seconds)
    refreshing = threading.Thread(target=members.refresh)
    refreshing.start()
    with gate.open("w") as stream:  # opens once the command reads it
        assert members.codes == ("01ABC",)
        stream.write("l8xxslow")
    refreshing.join()
    assert members.key("01SLOW").value == "l8xxslow"


def test_once_closed_no_command_is_begun(office: Office) -> None:
    office.write(office.with_command("ABC", "print('l8xxabc')"))
    members = Members(os.environ, office.path)
    members.close()
    members.refresh()
    assert members.codes == ()
    assert not (office.folder / "ABC").exists()


def test_no_problem_and_no_member_shows_a_key(office: Office) -> None:
    office.write(office.with_file("ABC", "l8xxsecret") + office.with_command("XYZ", "print('l8xxsecret\\u00e9')"))
    members = office.members()
    shown = f"{members.member('01ABC')}{members.key('01ABC')}{members.problems}{members.codes}"
    members.forget_key("01ABC")
    assert "l8xxsecret" not in shown + str(members.problems)


def test_the_file_of_profiles_in_the_guide_is_one_that_a_worker_knows(office: Office) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    office.write(text)
    with in_use(MemoryKeyring()):
        keep_in_keyring("west", "l8xxwest")
        members = office.members({"PATH": str(office.folder), "ALMA_KEY_EAST": "l8xxeast"})
    assert members.codes == ("01EAST_INST", "01WEST_INST")
    assert "/etc/almascan/keys/north cannot be read" in members.problems["north"]
    assert 'The key_command of the profile "south" (vault) cannot be run' in members.problems["south"]
