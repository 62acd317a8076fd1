"""The layers that settings come from, merged: option, environment, profile, default."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from platformdirs import user_data_path

from almascan.errors import UsageError
from almascan.settings.profiles import Profiles, config_path, read_profiles
from almascan.settings.table import BY_NAME, SETTINGS, Setting, Settings, convert_value

_EITHER = (("circ_desk", "department"), ("key_env", "key_file", "key_command"))
"""Groups of which one layer gives one, and thereby takes away what lower layers say of the others."""


def load_settings(
    options: Mapping[str, object | None], *, environ: Mapping[str, str], config_file: Path | None = None
) -> Settings:
    """Merge the settings: an option counts before the environment, that before the profile, that before the default.

    Args:
        options: Values by setting; None where an option was not given, "" to take away what a lower layer says.
            Texts are converted to the setting's type.
        environ: The environment variables; an empty one counts as not set.
        config_file: The file of profiles; by default ``ALMASCAN_CONFIG`` or the one in the platform's config folder.

    Raises:
        UsageError: A value is wrong, a profile is not there, or one place gives two settings that exclude each other.
        TypeError: An option is no setting.
    """
    given = _check_options(options)
    variables = _read_variables(environ)
    profiles = read_profiles(config_file or config_path(environ))
    profile = str(given.get("profile", variables.get("profile", profiles.default)))
    values: dict[str, object] = {}
    for place, layer in (
        (f'The profile "{profile}"', profiles.values(profile)),
        ("The environment", variables),
        ("The command", given),
    ):
        _put_over(values, layer, place)
    return msgspec.convert(values | {"profile": profile}, Settings)


def profile_settings(profiles: Profiles, name: str) -> Settings:
    """Give the settings of one profile as the file has them, whatever options and environment say.

    Raises:
        UsageError: There is no such profile, or it gives two settings that exclude each other.
    """
    values: dict[str, object] = {}
    _put_over(values, profiles.values(name), f'The profile "{name}"')
    return msgspec.convert(values | {"profile": name}, Settings)


def journal_place(settings: Settings) -> Path | str:
    """Say where the journal is: the setting, a file or a server's address, else a file in the platform's data folder."""
    named = settings.journal
    if named.startswith(("postgresql://", "postgres://")):
        return named
    return Path(named).expanduser() if named else user_data_path("almascan") / "journal.db"


def _check_options(options: Mapping[str, object | None]) -> dict[str, object]:
    unknown = options.keys() - {field.name for field in msgspec.structs.fields(Settings)}
    if unknown:
        raise TypeError(f"These are no settings: {', '.join(sorted(unknown))}")
    given = ((BY_NAME[name], value) for name, value in options.items() if value is not None)
    return _convert(given, lambda setting: setting.flag)


def _read_variables(environ: Mapping[str, str]) -> dict[str, object]:
    settings = (setting for setting in SETTINGS if setting.name != "api_key")
    given = ((setting, environ[setting.variable]) for setting in settings if environ.get(setting.variable))
    return _convert(given, lambda setting: f"The environment variable {setting.variable}")


def _convert(given: Iterable[tuple[Setting, object]], where: Callable[[Setting], str]) -> dict[str, object]:
    return {setting.name: convert_value(setting, value, where(setting), strict=False) for setting, value in given}


def _put_over(values: dict[str, object], layer: Mapping[str, object], place: str) -> None:
    for group in _EITHER:
        named = [name for name in group if layer.get(name)]
        if len(named) > 1:
            raise UsageError(f"{place} gives both {named[0]} and {named[1]}: give one of them.")
        if named:
            for name in group:
                values.pop(name, None)
    values.update(layer)
