"""``almascan profiles``: listing, adding, removing, choosing."""

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.invocation import converse, environment, invoke
from tests.settings.keyrings import MemoryKeyring, in_use

from almascan.cli.questions import choose
from almascan.errors import ExitCode, UsageError
from almascan.simulator import Simulator, SimulatorConfig

needs_terminal = pytest.mark.skipif(
    os.name != "posix", reason="a terminal for a test is made with pty, which is POSIX's"
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SimulatorConfig(items=10, per_second=0)) as running:
        yield running


@pytest.fixture
def environ(simulator: Simulator, tmp_path: Path) -> dict[str, str | None]:
    """Without a key and an address of its own."""
    return environment(tmp_path) | {"ALMA_KEY": simulator.keys["full"]}


def saved(tmp_path: Path) -> dict[str, Any]:
    return tomllib.loads((tmp_path / "profiles.toml").read_text(encoding="utf-8"))


def add(simulator: Simulator, name: str, *options: str) -> list[str]:
    return ["profiles", "add", name, "--base-url", simulator.base_url, *options]


def test_a_profile_is_added_by_options_alone_and_can_be_used_at_once(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    options = ["--key-env", "ALMA_KEY", "--library", "MAIN", "--desk", "DEFAULT_CIRC_DESK"]
    result = invoke(add(simulator, "main", *options), environ)
    assert result.exit_code == ExitCode.DONE, result.output
    assert "Main Circulation Desk" in result.stdout
    assert saved(tmp_path) == {
        "default": "main",
        "profiles": {
            "main": {
                "base_url": simulator.base_url,
                "key_env": "ALMA_KEY",
                "library": "MAIN",
                "circ_desk": "DEFAULT_CIRC_DESK",
                "institution": simulator.institution,
            }
        },
    }
    check = invoke(["check"], environ)
    assert check.exit_code == ExitCode.DONE
    assert "the environment variable ALMA_KEY" in check.stdout


def test_a_region_is_kept_by_its_name(environ: dict[str, str | None], tmp_path: Path) -> None:
    result = invoke(["profiles", "add", "eu", "--region", "eu", "--key-env", "ALMA_KEY", "--no-check"], environ)
    assert result.exit_code == ExitCode.DONE
    assert saved(tmp_path)["profiles"]["eu"]["base_url"] == "eu"


def test_other_profiles_and_the_default_stay_when_one_is_added(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        assert invoke(add(simulator, name, "--key-env", "ALMA_KEY"), environ).exit_code == ExitCode.DONE
    assert list(saved(tmp_path)["profiles"]) == ["one", "two"]
    assert saved(tmp_path)["default"] == "one"
    assert invoke(add(simulator, "three", "--key-env", "ALMA_KEY", "--default"), environ).exit_code == ExitCode.DONE
    assert saved(tmp_path)["default"] == "three"


def test_a_key_goes_into_the_keyring_and_into_no_file(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    ring, key = MemoryKeyring(), simulator.keys["full"]
    with in_use(ring):
        result = invoke(add(simulator, "main", "--keyring"), environ | {"ALMASCAN_API_KEY": key})
        assert result.exit_code == ExitCode.DONE, result.output
        assert ring.passwords == {("almascan", "main"): key}
        assert "from the keyring" in invoke(["check"], environ).stdout
        assert key not in (tmp_path / "profiles.toml").read_text() + result.output
        removed = invoke(["profiles", "remove", "main"], environ)
    assert "its key from the keyring" in removed.stderr
    assert ring.passwords == {}


def test_without_a_keyring_nothing_is_saved_and_the_other_ways_are_said(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    import keyring.backends.fail  # noqa: PLC0415 - only this test needs a machine without a keyring

    with in_use(keyring.backends.fail.Keyring()):  # type: ignore[no-untyped-call]
        result = invoke(add(simulator, "main", "--keyring"), environ | {"ALMASCAN_API_KEY": simulator.keys["full"]})
    assert result.exit_code == ExitCode.USAGE
    assert "Keep it in an environment variable, or in a file that only you can read." in result.stderr
    assert not (tmp_path / "profiles.toml").exists()


def test_a_key_file_is_written_for_its_owner_alone(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    path, key = tmp_path / "alma.key", simulator.keys["full"]
    result = invoke(add(simulator, "main", "--key-file", str(path)), environ | {"ALMASCAN_API_KEY": key})
    assert result.exit_code == ExitCode.DONE, result.output
    assert path.read_text() == f"{key}\n"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    assert f"the file {path}" in invoke(["check"], environ).stdout


def test_an_existing_key_file_is_used_as_it_is(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    path = tmp_path / "alma.key"
    path.write_text(simulator.keys["full"])
    path.chmod(0o600)
    environ |= {"ALMASCAN_API_KEY": "l8xxanother"}
    assert invoke(add(simulator, "main", "--key-file", str(path)), environ).exit_code == ExitCode.DONE
    assert path.read_text() == simulator.keys["full"]


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--key-env", "WRONG_KEY"], ExitCode.KEY, "Alma does not accept the key"),
        (["--key-env", "ALMA_KEY", "--library", "MIAN"], ExitCode.USAGE, 'Did you mean "MAIN"?'),
        (
            ["--key-env", "ALMA_KEY", "--desk", "A", "--department", "B"],
            ExitCode.USAGE,
            "one of --desk and --department",
        ),
        (["--key-env", "ALMA_KEY", "--keyring"], ExitCode.USAGE, "one of --keyring and --key-env"),
        ([], ExitCode.USAGE, "no terminal to ask on: give --keyring, --key-env or --key-file"),
        (["--keyring"], ExitCode.USAGE, "give the key in the environment variable ALMASCAN_API_KEY"),
    ],
)
def test_nothing_is_saved_when_something_is_wrong(  # noqa: PLR0917 - the fixtures count as arguments
    simulator: Simulator,
    environ: dict[str, str | None],
    tmp_path: Path,
    options: list[str],
    code: ExitCode,
    sentence: str,
) -> None:
    result = invoke(add(simulator, "main", *options), environ | {"WRONG_KEY": "l8xxwrong"})
    assert result.exit_code == code
    assert sentence in result.stderr
    assert "l8xxwrong" not in result.output
    assert not (tmp_path / "profiles.toml").exists()


def test_the_key_that_the_profile_names_is_tried_and_not_the_environments_own(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    environ |= {"ALMASCAN_API_KEY": simulator.keys["full"], "WRONG_KEY": "l8xxwrong"}
    assert invoke(add(simulator, "main", "--key-env", "WRONG_KEY"), environ).exit_code == ExitCode.KEY
    assert not (tmp_path / "profiles.toml").exists()


def test_a_variable_that_is_not_set_here_is_kept_untried(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    result = invoke(add(simulator, "main", "--key-env", "SET_ON_THE_SERVER"), environ)
    assert result.exit_code == ExitCode.DONE
    assert "The key is not tried: the variable SET_ON_THE_SERVER is not set here." in result.stderr
    assert saved(tmp_path)["profiles"]["main"]["key_env"] == "SET_ON_THE_SERVER"


def test_a_profile_is_replaced_only_when_told(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    assert invoke(add(simulator, "main", "--key-env", "ALMA_KEY"), environ).exit_code == ExitCode.DONE
    again = add(simulator, "main", "--key-env", "ALMA_KEY", "--library", "LAW")
    refused = invoke(again, environ)
    assert (refused.exit_code, "--replace" in refused.stderr) == (ExitCode.USAGE, True)
    assert invoke([*again, "--replace"], environ).exit_code == ExitCode.DONE
    assert saved(tmp_path)["profiles"]["main"]["library"] == "LAW"


def test_a_key_of_another_institution_is_refused_before_anything_is_read(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    (tmp_path / "profiles.toml").write_text(
        f'[profiles.other]\nbase_url = "{simulator.base_url}"\nkey_env = "KEY_OF_OTHER"\ninstitution = "01OTHER_INST"\n'
        'library = "MAIN"\ncirc_desk = "DEFAULT_CIRC_DESK"\n'
    )
    (tmp_path / "list.txt").write_text("30121135336896\n")
    environ |= {"ALMASCAN_API_KEY": simulator.keys["full"], "ALMASCAN_JOURNAL": str(tmp_path / "journal.db")}
    before = len(simulator.log())
    result = invoke(["scan", str(tmp_path / "list.txt"), "--yes", "--profile", "other"], environ)
    assert result.exit_code == ExitCode.KEY
    assert f"belongs to {simulator.institution}" in result.stderr
    assert 'the profile "other" are for 01OTHER_INST' in result.stderr
    assert len(simulator.log()) == before + 1, "the test of the key alone"
    assert invoke(["check", "--profile", "other"], environ).exit_code == ExitCode.KEY
    environ["ALMASCAN_INSTITUTION"] = simulator.institution
    assert invoke(["check", "--profile", "other"], environ).exit_code == ExitCode.DONE


def test_profiles_are_listed_with_where_their_keys_are(environ: dict[str, str | None], tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text(
        'default = "b"\n[profiles.b]\nbase_url = "eu"\nkey_env = "ALMA_KEY"\nlibrary = "MAIN"\nrate = 10.0\n'
        '[profiles.a]\nbase_url = "na"\ndepartment = "BIND"\n'
    )
    lines = [line.split() for line in invoke(["profiles"], environ).stdout.splitlines()]
    assert lines[1] == ["a", "na", "keyring", "department", "BIND"]
    assert lines[2] == ["b", "yes", "eu", "variable", "ALMA_KEY", "MAIN", "rate", "10.0"]
    listed = json.loads(invoke(["profiles", "--json"], environ).stdout)
    assert (listed["default"], listed["profiles"]["a"]["department"]) == ("b", "BIND")


def test_without_profiles_the_list_says_how_to_add_one(environ: dict[str, str | None]) -> None:
    result = invoke(["profiles"], environ)
    assert (result.exit_code, result.stdout) == (ExitCode.DONE, "")
    assert "almascan profiles add" in result.stderr


def test_the_default_is_chosen_and_goes_with_its_profile(environ: dict[str, str | None], tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text('[profiles.a]\nkey_env = "A"\n[profiles.b]\nkey_env = "B"\n')
    assert invoke(["profiles", "default", "b"], environ).exit_code == ExitCode.DONE
    assert saved(tmp_path)["default"] == "b"
    assert invoke(["profiles", "remove", "b"], environ).exit_code == ExitCode.DONE
    assert saved(tmp_path) == {"profiles": {"a": {"key_env": "A"}}}


@pytest.mark.parametrize("verb", ["remove", "default"])
def test_a_profile_that_is_not_there_is_named_with_the_nearest(
    environ: dict[str, str | None], tmp_path: Path, verb: str
) -> None:
    (tmp_path / "profiles.toml").write_text("[profiles.science]\n")
    result = invoke(["profiles", verb, "sciense"], environ)
    assert result.exit_code == ExitCode.USAGE
    assert 'Did you mean "science"?' in result.stderr


@needs_terminal
def test_on_a_terminal_everything_is_asked_for_and_the_key_is_not_shown(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    path, key = tmp_path / "main.key", simulator.keys["full"]
    code, shown = converse(
        ["profiles", "add", "main"],
        environ,
        [
            ("or address", "https://alma.example.org"),
            ("or address", simulator.base_url),
            ("kept", "file"),
            ("File", str(path)),
            ("API key", key),
            ("Library (", "main library"),
            ("Circulation desk (", "99"),
            ("Circulation desk (", "2"),
        ],
    )
    assert code == ExitCode.DONE, shown
    assert key not in shown
    assert '"99" is none of these.' in shown
    assert path.read_text().strip() == key
    assert saved(tmp_path)["profiles"]["main"] == {
        "base_url": simulator.base_url,
        "key_file": str(path),
        "library": "MAIN",
        "circ_desk": "RARE_DESK",
        "institution": simulator.institution,
    }


@needs_terminal
def test_a_desk_is_typed_where_the_key_may_not_list_desks(
    simulator: Simulator, environ: dict[str, str | None], tmp_path: Path
) -> None:
    code, shown = converse(
        add(simulator, "main", "--key-env", "BIBS_KEY"),
        environ | {"BIBS_KEY": simulator.keys["bibs_only"]},
        [("Library (code", "MAIN"), ("Circulation desk (code", "DESK")],
    )
    assert code == ExitCode.DONE, shown
    assert saved(tmp_path)["profiles"]["main"]["circ_desk"] == "DESK"


@needs_terminal
def test_an_end_of_input_ends_the_questions_without_a_profile(environ: dict[str, str | None], tmp_path: Path) -> None:
    code, shown = converse(["profiles", "add", "main"], environ, [("or address", "\x04")])
    assert code == ExitCode.INTERRUPTED, shown
    assert not (tmp_path / "profiles.toml").exists()


KNOWN = [("MAIN", "Main Library"), ("2", "Second"), ("LAW", "Law Library")]


@pytest.mark.parametrize(
    ("answer", "code"),
    [("LAW", "LAW"), ("law library", "LAW"), ("main", "MAIN"), ("1", "MAIN"), ("2", "2"), ("3", "LAW"), ("", "")],
)
def test_a_code_counts_before_a_name_and_that_before_a_number(answer: str, code: str) -> None:
    assert choose(answer, KNOWN) == code


@pytest.mark.parametrize("answer", ["0", "4", "²", "LIW"])
def test_an_answer_that_means_nothing_is_refused(answer: str) -> None:
    with pytest.raises(UsageError, match="is none of these"):
        choose(answer, KNOWN)
