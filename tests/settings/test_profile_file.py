"""The file of profiles: what is read, refused and written."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from almascan.errors import UsageError
from almascan.settings import Profiles, read_profiles, write_profiles

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "base_url": TEXT,
        "library": TEXT,
        "circ_desk": TEXT,
        "key_file": TEXT,
        "key_command": TEXT,
        "rate": st.floats(min_value=0, exclude_min=True, allow_infinity=False),
        "per_minute": st.integers(min_value=0, max_value=2**63 - 1),
        "settle_seconds": st.floats(min_value=0, allow_infinity=False),
        "recipe": st.sampled_from(["transit", "any"]),
    },
)


@given(st.dictionaries(TEXT.filter(bool), VALUES, max_size=4), st.data())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, profiles: dict[str, dict[str, object]], data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "round" / "profiles.toml"
    default = data.draw(st.sampled_from(["", *profiles]))
    write_profiles(Profiles(path, default, profiles))
    assert read_profiles(path) == Profiles(path, default, profiles)


def read(tmp_path: Path, text: str) -> Profiles:
    path = tmp_path / "profiles.toml"
    path.write_text(text, encoding="utf-8")
    return read_profiles(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[profiles.main]\nlibarry = "MAIN"', 'profile "main": there is no setting "libarry". Did you mean "library"?'),
        ('[profiles.main]\nrate = "20"', 'profile "main": "rate" must be a number above 0, not "20".'),
        ("[profiles.main]\nlibrary = 7", 'profile "main": "library" must be a text, not 7.'),
        ("[profiles.main]\nper_minute = true", '"per_minute" must be a whole number of 0 or more, not true.'),
        ("[profiles.main]\nlibrary = 2026-01-01", '"library" must be a text, not "2026-01-01".'),
        ('[profiles.main]\nprofile = "x"', 'there is no setting "profile"'),
        ('[profiles]\nmain = "eu"', 'profile "main" must be a table'),
        ('profiles = "eu"', '"profiles" must be tables'),
        ("default = 3", '"default" must be the name of a profile'),
        ('defualt = "main"', '"defualt" has no meaning outside a [profiles.NAME] table. Did you mean "default"?'),
        ('default = "mian"\n[profiles.main]', 'There is no profile "mian" in'),
        ("[profiles.main", "is no valid TOML"),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_it(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert sentence in str(caught.value)
    assert str(tmp_path / "profiles.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_in_the_file_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"with key_env, .* with key_file or .* with key_command, or .* keyring"
    ) as caught:
        read(tmp_path, '[profiles.main]\napi_key = "l8xxsecret"')
    assert "l8xxsecret" not in str(caught.value)


def test_a_command_that_is_no_text_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'"key_command" must be a text\.$') as caught:
        read(tmp_path, '[profiles.main]\nkey_command = ["vault", "s.password"]')
    assert "s.password" not in str(caught.value)


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_bytes(b'default = "\xff\xfe"')
    with pytest.raises(UsageError, match="is no valid TOML"):
        read_profiles(path)


def test_a_folder_in_the_files_place_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_profiles(tmp_path)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    write_profiles(Profiles(path, "", {"main": {"library": "MAIN"}}))
    before = path.read_bytes()
    unwritable: dict[str, dict[str, object]] = {"main": {"library": "\ud800"}}
    with pytest.raises(UnicodeEncodeError):
        write_profiles(Profiles(path, "", unwritable))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_profiles(Profiles(tmp_path / "file" / "profiles.toml"))


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "p.toml", tmp_path / "profiles.toml"
    real.write_text("")
    link.symlink_to(real)
    write_profiles(Profiles(link, "", {"main": {}}))
    assert link.is_symlink()
    assert "main" in read_profiles(real).profiles
