"""The file of profiles: one TOML file in the platform's config folder, without any key in it.

It looks like this::

    default = "main"

    [profiles.main]
    base_url = "eu"
    key_env = "ALMA_KEY_MAIN"
    library = "MAIN"
    circ_desk = "DEFAULT_CIRC_DESK"
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from platformdirs import user_config_path

from almascan.errors import UsageError
from almascan.settings.suggestion import suggest
from almascan.settings.table import BY_NAME, SETTINGS, convert_value

_HEADER = """\
# The profiles of almascan. "almascan profiles" writes this file anew and keeps no comments.
# No key stands here: it is in the keyring, an environment variable or a file that only its owner can read, or a command
# prints it.
"""


class Profiles(msgspec.Struct, frozen=True):
    """What the file of profiles holds.

    Attributes:
        path: The file, which need not exist.
        default: The name of the profile that is used when none is named, or "".
        profiles: The settings of each profile by name, of the types in the table.
    """

    path: Path
    default: str = ""
    profiles: dict[str, dict[str, object]] = {}

    def values(self, name: str) -> dict[str, object]:
        """Give the settings of one profile; of no profile, for the name "".

        Raises:
            UsageError: There is no such profile; the sentence names the nearest one.
        """
        if not name:
            return {}
        if name not in self.profiles:
            hint = suggest(name, list(self.profiles)) or " Add it with: almascan profiles add"
            raise UsageError(f'There is no profile "{name}" in {self.path}.{hint}')
        return self.profiles[name]


def config_path(environ: Mapping[str, str]) -> Path:
    """Say where the file of profiles is: ``ALMASCAN_CONFIG``, else in the platform's config folder."""
    named = environ.get("ALMASCAN_CONFIG", "")
    return Path(named).expanduser() if named else user_config_path("almascan") / "profiles.toml"


def read_profiles(path: Path) -> Profiles:
    """Read and check the file of profiles; a file that is not there holds none.

    Raises:
        UsageError: The file cannot be read, is no TOML, or holds a field that is unknown, of the wrong type, or a key.
    """
    try:
        document: object = msgspec.toml.decode(path.read_bytes())
    except FileNotFoundError:
        return Profiles(path)
    except OSError as error:
        raise UsageError(f"The profiles in {path} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no valid TOML: {error}.") from None
    return _check_document(path, document)


def write_profiles(profiles: Profiles) -> None:
    """Write the file of profiles whole, or leave the old one as it was.

    Raises:
        UsageError: The file or its folder cannot be written.
    """
    parts = [_HEADER, f"default = {_toml(profiles.default)}\n" if profiles.default else ""]
    for name, values in profiles.profiles.items():
        lines = [f"{field} = {_toml(value)}\n" for field, value in values.items()]
        parts.append("".join([f"\n[profiles.{_toml(name)}]\n", *lines]))
    write_privately(profiles.path, "".join(parts))


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all.

    Raises:
        UsageError: The file or its folder cannot be written.
    """
    target = path.resolve()  # a link to a file kept elsewhere stays a link
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600; Windows gives it the rights of its folder, the user's own.
        descriptor, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(part).replace(target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def _check_document(path: Path, document: object) -> Profiles:
    if not isinstance(document, dict):
        raise UsageError(f"{path} holds no table.")
    for field in document:
        if field not in ("default", "profiles"):
            hint = suggest(field, ["default", "profiles"])
            raise UsageError(f'{path}: "{field}" has no meaning outside a [profiles.NAME] table.{hint}')
    default = document.get("default", "")
    tables = document.get("profiles", {})
    if not isinstance(default, str):
        raise UsageError(f'{path}: "default" must be the name of a profile.')
    if not isinstance(tables, dict):
        raise UsageError(f'{path}: "profiles" must be tables with the header [profiles.NAME].')
    profiles = Profiles(path, default, {name: _check_profile(path, name, table) for name, table in tables.items()})
    profiles.values(default)
    return profiles


def _check_profile(path: Path, name: str, table: object) -> dict[str, object]:
    place = f'{path}, profile "{name}"'
    if not isinstance(table, dict):
        raise UsageError(f"{place} must be a table with the header [profiles.NAME].")
    return {field: _check_field(place, field, value) for field, value in table.items()}


def _check_field(place: str, field: str, value: object) -> object:
    if field == "api_key":
        raise UsageError(
            f"{place}: the key must not stand in this file. Take api_key out, and name an environment variable with "
            "key_env, a file of your own with key_file or a command that prints it with key_command, or put it into the "
            "keyring with: almascan profiles add"
        )
    known = [setting.name for setting in SETTINGS if setting.in_profile]
    if field not in known:
        raise UsageError(f'{place}: there is no setting "{field}".{suggest(field, known)}')
    return convert_value(BY_NAME[field], value, f'{place}: "{field}"', strict=True)


def _toml(value: object) -> str:
    """Write a text, a number or a truth value as TOML; a text also serves as a quoted key."""
    if isinstance(value, str):
        # JSON escapes what TOML's basic strings must escape, but for DEL.
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return repr(value)
