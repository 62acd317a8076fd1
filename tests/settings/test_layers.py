"""Where a setting's value comes from when several places give one."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from platformdirs import user_data_path

from almascan.errors import UsageError
from almascan.model import Order
from almascan.settings import SETTINGS, Settings, journal_place, load_settings, profile_settings, read_profiles


def load(
    tmp_path: Path, toml: str = "", environ: Mapping[str, str] | None = None, **options: object | None
) -> Settings:
    path = tmp_path / "profiles.toml"
    path.write_text(toml, encoding="utf-8")
    return load_settings(options, environ=environ or {}, config_file=path)


MAIN = '[profiles.main]\nlibrary = "MAIN"\ncirc_desk = "MAIN_DESK"\nrate = 5\n'
DEFAULT_MAIN = f'default = "main"\n{MAIN}'


def test_an_option_counts_before_the_environment_that_before_the_profile_that_before_the_default(
    tmp_path: Path,
) -> None:
    environ = {"ALMASCAN_LIBRARY": "ENV", "ALMASCAN_RATE": "6", "ALMASCAN_PROFILE": "main"}
    settings = load(tmp_path, MAIN, environ, rate="7")
    assert (settings.rate, settings.library, settings.circ_desk, settings.recipe) == (7, "ENV", "MAIN_DESK", "transit")


def test_without_any_settings_everything_has_its_default(tmp_path: Path) -> None:
    assert load_settings({}, environ={}, config_file=tmp_path / "absent.toml") == Settings()


def test_the_files_default_profile_is_used_when_none_is_named(tmp_path: Path) -> None:
    settings = load(tmp_path, DEFAULT_MAIN)
    assert (settings.profile, settings.library) == ("main", "MAIN")


def test_an_empty_profile_name_takes_no_profile(tmp_path: Path) -> None:
    settings = load(tmp_path, DEFAULT_MAIN, profile="")
    assert (settings.profile, settings.library) == ("", "")


def test_the_environment_names_the_file_of_profiles(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.toml"
    path.write_text(DEFAULT_MAIN, encoding="utf-8")
    assert load_settings({}, environ={"ALMASCAN_CONFIG": str(path)}).library == "MAIN"


def test_an_empty_environment_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, DEFAULT_MAIN, {"ALMASCAN_LIBRARY": "", "ALMASCAN_RATE": ""}).library == "MAIN"


def test_an_empty_option_takes_the_profiles_value_away(tmp_path: Path) -> None:
    assert load(tmp_path, DEFAULT_MAIN, library="").library == ""


def test_a_department_given_by_option_replaces_the_profiles_desk(tmp_path: Path) -> None:
    settings = load(tmp_path, DEFAULT_MAIN, department="BINDERY")
    assert (settings.circ_desk, settings.department) == ("", "BINDERY")


def test_a_desk_given_by_option_replaces_the_environments_department(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"ALMASCAN_DEPARTMENT": "BINDERY"}, circ_desk="D")
    assert (settings.circ_desk, settings.department) == ("D", "")


def test_a_desk_and_a_department_from_one_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gives both circ_desk and department"):
        load(tmp_path, circ_desk="D", department="E")


@pytest.mark.parametrize(
    ("first", "second"), [("key_env", "key_file"), ("key_file", "key_command"), ("key_env", "key_command")]
)
def test_one_place_for_the_key_is_given_by_one_layer_and_takes_the_others_away(
    tmp_path: Path, first: str, second: str
) -> None:
    with pytest.raises(UsageError, match=f'The profile "main" gives both {first} and {second}: give one of them'):
        load(tmp_path, f'[profiles.main]\n{first} = "A"\n{second} = "B"\n', profile="main")
    environ = {f"ALMASCAN_{second.upper()}": "B"}
    settings = load(tmp_path, f'[profiles.main]\n{first} = "A"\n', environ, profile="main")
    assert (getattr(settings, first), getattr(settings, second)) == ("", "B")


def test_a_profiles_own_settings_are_those_of_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(MAIN + '[profiles.both]\nkey_env = "A"\nkey_command = "b"\n', encoding="utf-8")
    profiles = read_profiles(path)
    own = Settings(profile="main", library="MAIN", circ_desk="MAIN_DESK", rate=5.0)
    assert profile_settings(profiles, "main") == own
    with pytest.raises(UsageError, match='The profile "both" gives both key_env and key_command'):
        profile_settings(profiles, "both")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rate": "fast"}, '--rate must be a number above 0, not "fast".'),
        ({"rate": "0"}, '--rate must be a number above 0, not "0".'),
        ({"rate": "inf"}, '--rate must be a number above 0, not "inf".'),
        ({"rate": "nan"}, '--rate must be a number above 0, not "nan".'),
        ({"per_minute": "-1"}, '--per-minute must be a whole number of 0 or more, not "-1".'),
        ({"keep_calls": "null"}, '--keep-calls must be a whole number of 0 or more, not "null".'),
        ({"progress": "loud"}, '--progress must be one of auto, bar, plain, json, none, not "loud".'),
        ({"recipe": "transti"}, '--recipe: there is no recipe "transti". Did you mean "transit"?'),
    ],
)
def test_a_wrong_option_is_one_sentence_that_names_it(
    tmp_path: Path, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(options, environ={}, config_file=tmp_path / "absent.toml")
    assert str(caught.value) == sentence


def test_a_wrong_environment_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The environment variable ALMASCAN_SETTLE_SECONDS must be a number of 0"):
        load(tmp_path, environ={"ALMASCAN_SETTLE_SECONDS": "soon"})


def test_an_option_that_is_no_setting_is_a_defect_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="speed"):
        load(tmp_path, speed="7")


def test_every_setting_but_the_key_is_a_value_and_has_help_and_a_variable() -> None:
    names = [setting.name for setting in SETTINGS]
    assert names == ["api_key", *Settings.__struct_fields__]
    assert all(setting.help.endswith(".") for setting in SETTINGS)
    assert next(setting for setting in SETTINGS if setting.name == "per_minute").variable == "ALMASCAN_PER_MINUTE"


def test_the_defaults_are_those_of_an_order() -> None:
    order, settings = Order.__struct_fields__, Settings()
    shared = [name for name in ("recipe", "rate", "per_minute", "keep_calls", "settle_seconds") if name in order]
    defaults = dict(zip(reversed(order), reversed(Order.__struct_defaults__), strict=False))
    assert {name: getattr(settings, name) for name in shared} == {name: defaults[name] for name in shared}


def test_the_journal_is_in_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert journal_place(Settings()) == user_data_path("almascan") / "journal.db"
    assert journal_place(Settings(journal=str(tmp_path / "j.db"))) == tmp_path / "j.db"
