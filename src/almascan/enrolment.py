"""Making a profile: its address and key are tried at Alma, and the key goes where it is kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from almascan.alma import Alma, resolve_base_url
from almascan.errors import UsageError
from almascan.examination import Examination, examine
from almascan.settings import (
    Key,
    Profiles,
    Settings,
    config_path,
    keep_in_file,
    keep_in_keyring,
    read_profiles,
    write_profiles,
)

Keeping = Literal["keyring", "file"]
"""Where a key that somebody typed is kept: in the platform's keyring, or in a file that only its owner can read."""


class NewProfile(msgspec.Struct, frozen=True):
    """A profile that is to be kept.

    Attributes:
        name: Its name.
        values: Its settings, of which none is empty.
        key: The key, where it is known now.
        keep_key: Whether the key is new and has to be put where the profile says.
    """

    name: str
    values: dict[str, str]
    key: Key | None = None
    keep_key: bool = False

    def put_key_away(self) -> None:
        """Put a new key into the profile's file or the keyring.

        Raises:
            UsageError: The file cannot be written, or the keyring takes nothing.
        """
        if self.key is None or not self.keep_key:
            return
        if "key_file" in self.values:
            keep_in_file(Path(self.values["key_file"]), self.key.value)
        else:
            keep_in_keyring(self.name, self.key.value)


def propose(
    name: str, base_url: str, key: str, keeping: Keeping, environ: Mapping[str, str], **places: str
) -> NewProfile:
    """Make a profile of what somebody typed; nothing is tried or kept yet.

    Args:
        name: The profile's name.
        base_url: A region or an address.
        key: The key.
        keeping: Where the key is to be kept.
        environ: The environment variables; a key file lies beside the file of profiles.
        places: Settings such as library, circ_desk and department; empty ones are left out.

    Raises:
        UsageError: The name cannot be a profile's, there is no such region or address, or there is no key.
    """
    check_name(name)
    resolve_base_url(base_url)
    if not key.strip():
        raise UsageError("There is no key: paste the one that the Developer Network shows for the institution.")
    values = {"base_url": base_url} | {setting: value for setting, value in places.items() if value}
    if keeping == "file":
        values["key_file"] = str(key_path(name, environ))
    return NewProfile(name, values, Key(key.strip(), "the form"), keep_key=True)


def check_name(name: str) -> None:
    """Refuse a name that no profile can have.

    Raises:
        UsageError: It is empty, or has line breaks or spaces around it.
    """
    if not name or not name.isprintable() or name != name.strip():
        raise UsageError("The name of a profile is a word without line breaks or spaces around it.")


def key_path(name: str, environ: Mapping[str, str]) -> Path:
    """Say in which file the key of a profile is kept where nobody names one: beside the file of profiles."""
    bare = "".join(each if each.isalnum() or each in "-_. " else "_" for each in name)
    return (config_path(environ).parent / f"{bare}.key").absolute()


async def try_key(new: NewProfile) -> tuple[NewProfile, Examination]:
    """Ask Alma whose the key is and what it may do, and whether the profile's library and desk exist.

    Args:
        new: The profile; its key is known.

    Returns:
        The profile with the institution's code, by which a key of another institution is never taken for this one's;
        and what was found, its ``amiss`` included.

    Raises:
        UsageError: The profile has no key, or its address is none of Alma's.
        KeyRefusedError: Alma does not know the key.
        AttemptError, StopError: Alma gives no usable answer.
    """
    if new.key is None:
        raise UsageError(f'The key of the profile "{new.name}" is not known here, so it cannot be tried.')
    settings = msgspec.convert(new.values, Settings)
    async with Alma(resolve_base_url(settings.base_url), new.key.value) as alma:
        found = await examine(alma, settings)
    return msgspec.structs.replace(new, values=new.values | {"institution": found.institution}), found


def keep(new: NewProfile, environ: Mapping[str, str], *, make_default: bool = False, replace: bool = False) -> Profiles:
    """Put the key away and write the profile; the first profile is the default one.

    Args:
        new: The profile.
        environ: The environment variables, which say where the file of profiles is.
        make_default: Whether it is used where no profile is named.
        replace: Whether a profile of this name may be there, and is replaced.

    Returns:
        All profiles, as they are written.

    Raises:
        UsageError: The name is taken or none, or the key, the file or its folder cannot be written.
    """
    profiles = read_profiles(config_path(environ))
    check_free(profiles, new.name, replace=replace)
    new.put_key_away()
    default = new.name if make_default or not profiles.default else profiles.default
    kept = Profiles(profiles.path, default, {**profiles.profiles, new.name: dict[str, object](new.values)})
    write_profiles(kept)
    return kept


def check_free(profiles: Profiles, name: str, *, replace: bool = False) -> None:
    """Refuse a name that no profile can have, or that one has already.

    Args:
        profiles: Those that there are.
        name: The name.
        replace: Whether the one that has it may be replaced.

    Raises:
        UsageError: It is refused.
    """
    check_name(name)
    if name in profiles.profiles and not replace:
        raise UsageError(f'There is a profile "{name}" already: give another name, or have it replaced.')
