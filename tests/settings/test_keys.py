"""Where the key comes from, and what is said where there is none."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import keyring.backends.fail
import pytest
from tests.cli.invocation import environment, invoke
from tests.settings.keyrings import LockedKeyring, MemoryKeyring, in_use

from almascan.errors import KeyRefusedError, UsageError
from almascan.settings import Key, Settings, find_key, keep_in_file, keep_in_keyring, read_key, without_keys
from almascan.settings.keys import forget_in_keyring, run_key_command

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
    for way in ("ALMASCAN_API_KEY", "key_env", "key_file", "key_command", "almascan profiles add NAME --keyring"):
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


def command(tmp_path: Path, code: str) -> str:
    """Give the line that runs a small program with an argument that nobody is to see."""
    script = tmp_path / "print_key.py"
    script.write_text(code, encoding="utf-8")
    return f'"{sys.executable}" "{script}" --token=l8xxargument'


def test_a_command_s_first_line_is_the_key(tmp_path: Path) -> None:
    settings = Settings(key_command=command(tmp_path, 'print(" l8xxprinted \\nversion 3")'), profile="main")
    with in_use(MemoryKeyring()):
        keep_in_keyring("main", "l8xxring")
        assert find_key(settings, os.environ) == Key("l8xxprinted", "the command that key_command names")
    assert find_key(settings, {**os.environ, "ALMASCAN_API_KEY": "l8xxenv"}).value == "l8xxenv"


def test_a_command_gets_the_environment_and_no_shell_reads_it(tmp_path: Path) -> None:
    line = command(tmp_path, 'import os, sys; print(os.environ["STORE"] + sys.argv[-1])') + " $STORE;echo"
    assert read_key(Settings(key_command=line), {**os.environ, "STORE": "l8xx"}) == "l8xx$STORE;echo"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ('import sys; print("l8xxoutput"); print("l8xxoutput", file=sys.stderr); sys.exit(3)', "failed with code 3"),
        ("", "printed no key"),
        ('print("\\nl8xxoutput")', "printed no key"),
        ('print("l8xxoutput" * 1000)', "printed no key"),
        ('import sys; sys.stdout.buffer.write("l8xxoutputü".encode())', "printed no key"),
        ("input()", "failed with code 1"),
    ],
)
def test_a_command_that_gives_no_key_is_one_sentence_without_what_it_printed_and_its_arguments(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], code: str, sentence: str
) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        find_key(Settings(key_command=command(tmp_path, code), profile="main"), os.environ)
    said = str(caught.value)
    assert sentence in said
    assert f'The key_command of the profile "main" ({sys.executable})' in said
    assert "l8xx" not in said
    assert capfd.readouterr() == ("", "")


def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    settings = Settings(key_command=command(tmp_path, "import time; time.sleep(600)"))
    with pytest.raises(KeyRefusedError, match=r"printed no key within 0\.2 seconds"):
        run_key_command(settings, os.environ, 0.2)


def test_a_command_cannot_ask_the_terminal(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    before = os.dup(0)
    os.write(theirs, b"l8xxtyped\n")
    os.close(theirs)
    os.dup2(ours, 0)
    try:
        with pytest.raises(KeyRefusedError, match="failed with code 1"):
            find_key(Settings(key_command=command(tmp_path, "print(input())")), os.environ)
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(ours)


@pytest.mark.parametrize("line", ["no-such-program get l8xxargument", "TOKEN=l8xxargument vault", 'vault "l8xx', "''"])
def test_a_command_that_cannot_be_run_is_one_sentence_without_its_arguments(line: str) -> None:
    with pytest.raises(UsageError, match=r"The key_command \(.*\) cannot be run") as caught:
        find_key(Settings(key_command=line), os.environ)
    assert "l8xx" not in str(caught.value)


@pytest.mark.parametrize("name", ["a\0b", "~no-such-user-here/alma.key"])
def test_what_can_be_no_key_file_is_a_sentence(name: str) -> None:
    with pytest.raises(UsageError, match=r"key file|key_file"):
        read_key(Settings(key_file=name), {})


def test_where_each_has_a_key_of_its_own_the_environments_counts_for_none() -> None:
    environ = {"ALMASCAN_API_KEY": "l8xxenv", "OTHER": "l8xxother"}
    assert find_key(Settings(key_env="OTHER"), environ, shared=False).value == "l8xxother"
    with pytest.raises(KeyRefusedError) as caught:
        find_key(Settings(), environ, shared=False)
    assert "in one of two ways: let a profile name a variable (key_env)" in str(caught.value)
    assert "ALMASCAN_API_KEY" not in str(caught.value)


def test_of_two_keys_of_which_one_begins_with_the_other_nothing_is_left() -> None:
    for value in ("l8xxshort", "l8xxshortandlong"):
        read_key(Settings(), {"ALMASCAN_API_KEY": value})
    assert without_keys("a l8xxshortandlong b l8xxshort") == "a [key] b [key]"


def test_the_list_of_profiles_shows_no_arguments_of_a_command(tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text('[profiles.main]\nbase_url = "eu"\nkey_command = "vault --token=l8xxarg"\n')
    result = invoke(["profiles"], environment(tmp_path))
    assert result.stdout.splitlines()[1].split() == ["main", "eu", "command"]
