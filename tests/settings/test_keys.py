"""Where the key comes from, and what is said where there is none."""

import os
import shlex
import subprocess
from pathlib import Path

import keyring.backends.fail
import pytest
from tests.settings.keyrings import LockedKeyring, MemoryKeyring, in_use

from almascan.errors import KeyRefusedError, UsageError
from almascan.settings import Key, Settings, find_key, keep_in_file, keep_in_keyring, read_key
from almascan.settings.keys import forget_in_keyring

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


def key_file(tmp_path: Path, content: bytes, mode: int = 0o600) -> str:
    path = tmp_path / "alma.key"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_the_environments_own_key_counts_before_every_other(tmp_path: Path) -> None:
    settings = Settings(key_env="OTHER", key_file=key_file(tmp_path, b"l8xxfile"), profile="main")
    environ = {"ALMASCAN_API_KEY": "l8xxenv", "OTHER": "l8xxother"}
    assert find_key(settings, environ) == Key("l8xxenv", "the environment variable ALMASCAN_API_KEY")
    assert find_key(settings, {"OTHER": "l8xxother"}).value == "l8xxother"
    assert find_key(settings, {}).value == "l8xxfile"


def test_the_keyring_is_asked_for_the_profiles_key_last() -> None:
    with in_use(MemoryKeyring()):
        keep_in_keyring("main", "l8xxring")
        assert find_key(Settings(profile="main"), {}) == Key("l8xxring", "the keyring")
        assert read_key(Settings(profile="main"), {"ALMASCAN_API_KEY": "l8xxenv"}) == "l8xxenv"
        with pytest.raises(KeyRefusedError, match='The keyring holds none for the profile "other"'):
            find_key(Settings(profile="other"), {})


def test_a_key_that_was_forgotten_is_not_found_again() -> None:
    with in_use(MemoryKeyring()):
        keep_in_keyring("main", "l8xxring")
        assert forget_in_keyring("main")
        assert not forget_in_keyring("main")
        with pytest.raises(KeyRefusedError):
            find_key(Settings(profile="main"), {})


def test_without_a_key_the_sentence_says_the_three_ways() -> None:
    with pytest.raises(KeyRefusedError) as caught:
        read_key(Settings(), {})
    for way in ("ALMASCAN_API_KEY", "key_env", "key_file", "almascan profiles add NAME --keyring"):
        assert way in str(caught.value)


def test_a_locked_keyring_is_a_sentence() -> None:
    with in_use(LockedKeyring()):
        with pytest.raises(KeyRefusedError, match="The keyring could not be asked: Failed to unlock the collection!"):
            find_key(Settings(profile="main"), {})
        with pytest.raises(UsageError, match="The keyring cannot keep the key: Failed to unlock"):
            keep_in_keyring("main", "l8xxring")


def test_a_machine_without_a_keyring_is_a_sentence() -> None:
    with in_use(keyring.backends.fail.Keyring()):  # type: ignore[no-untyped-call]
        with pytest.raises(KeyRefusedError, match="The keyring could not be asked"):
            find_key(Settings(profile="main"), {})
        with pytest.raises(UsageError, match="in a file that only you can read"):
            keep_in_keyring("main", "l8xxring")
        assert not forget_in_keyring("main")


def test_the_named_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(KeyRefusedError, match="ALMA_KEY_MAIN, which key_env names, is not set"):
        find_key(Settings(key_env="ALMA_KEY_MAIN", profile="main"), {})


def test_a_key_files_line_break_is_no_part_of_the_key(tmp_path: Path) -> None:
    assert read_key(Settings(key_file=key_file(tmp_path, b"l8xxfile\r\n")), {}) == "l8xxfile"


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610, 0o601])
def test_a_key_file_that_others_can_use_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    settings = Settings(key_file=key_file(tmp_path, b"l8xxfile", mode))
    with pytest.raises(UsageError) as caught:
        read_key(settings, {})
    subprocess.run(shlex.split(str(caught.value).partition("Type: ")[2]), check=True)
    assert read_key(settings, {}) == "l8xxfile"


@pytest.mark.parametrize("content", [b"", b"\n \n", "schlüssel".encode(), b"x" * 5000])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError, match="must hold the API key alone"):
        read_key(Settings(key_file=key_file(tmp_path, content)), {})


def test_a_key_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_key(Settings(key_file=str(tmp_path / "absent")), {})


@posix_only
def test_a_key_that_is_kept_in_a_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "main.key"
    keep_in_file(path, "l8xxfile")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(Settings(key_file=str(path)), {}) == "l8xxfile"


def test_no_key_is_shown_by_what_holds_one() -> None:
    key = find_key(Settings(), {"ALMASCAN_API_KEY": "l8xxsecret"})
    assert "l8xxsecret" not in f"{key} {key!r}"
