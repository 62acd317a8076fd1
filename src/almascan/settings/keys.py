"""Where the API key comes from, and where it is kept.

The key is read when it is needed and never stands in the settings, so that nothing that prints them shows it. Every
key that was read is known to ``without_keys``, which takes it out of a text that somebody else wrote: a defect's.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from almascan.errors import KeyRefusedError, UsageError
from almascan.settings.permissions import closing_command, is_open_to_others
from almascan.settings.profiles import write_privately
from almascan.settings.table import API_KEY, Settings

KEYRING_SERVICE = "almascan"
_MAX_KEY_FILE_BYTES = 4096
COMMAND_SECONDS = 30.0
"""How long a command may take to print the key."""
_SHORTEST_KEY = 8
"""Alma's keys are longer; what is shorter is a slip, and taking it out would tear ordinary words apart."""
_read_keys: set[str] = set()


class Key(msgspec.Struct, frozen=True):
    """An API key and the place that it came from.

    Attributes:
        value: The key.
        source: The place, in words: ``the environment variable ALMASCAN_API_KEY``.
    """

    value: str
    source: str

    def __post_init__(self) -> None:
        """Remember the key for ``without_keys``."""
        if len(self.value) >= _SHORTEST_KEY:
            _read_keys.add(self.value)

    def __repr__(self) -> str:
        """Say where it came from, and nothing of the key itself."""
        return f"Key(source={self.source!r})"


def without_keys(text: str) -> str:
    """Give a text with every key that this process has read taken out."""
    for key in sorted(_read_keys, key=len, reverse=True):  # a copy too: another thread may read a key meanwhile
        text = text.replace(key, "[key]")
    return text


def read_key(settings: Settings, environ: Mapping[str, str]) -> str:
    """Give the API key; see ``find_key``."""
    return find_key(settings, environ).value


def find_key(settings: Settings, environ: Mapping[str, str], *, shared: bool = True) -> Key:
    """Find the API key: ``ALMASCAN_API_KEY``, ``key_env``, ``key_file``, ``key_command``, else the keyring.

    Args:
        settings: The settings; of these key_env, key_file, key_command and profile count here.
        environ: The environment variables; the command gets them too.
        shared: Whether ``ALMASCAN_API_KEY`` counts; it cannot be the key of each of many institutions.

    Raises:
        KeyRefusedError: There is no key in any of these places, or the command gave none; the sentence says what to do.
        UsageError: The file named by key_file cannot be read, or by others than its owner too; or the command cannot be
            run.
    """
    value = environ.get(API_KEY.variable, "").strip() if shared else ""
    if value:
        return Key(value, f"the environment variable {API_KEY.variable}")
    remark = ""
    if settings.key_env:
        value = environ.get(settings.key_env, "").strip()
        if value:
            return Key(value, f"the environment variable {settings.key_env}")
        remark = f"The environment variable {settings.key_env}, which key_env names, is not set."
    if settings.key_file:
        path = key_file_path(settings)
        return Key(_read_key_file(path), f"the file {path}")
    if settings.key_command:
        return Key(run_key_command(settings, environ), "the command that key_command names")
    if settings.profile and not settings.key_env:
        value, remark = _ask_keyring(settings.profile)
        if value:
            return Key(value, "the keyring")
    raise KeyRefusedError(f"There is no API key. {remark} {_ways(settings, shared=shared)}".replace("  ", " "))


def key_file_path(settings: Settings) -> Path:
    """Say where the file is that key_file names.

    Raises:
        UsageError: What it names can be no file.
    """
    try:
        path = Path(settings.key_file).expanduser()
    except RuntimeError:
        path = Path("\0")
    if "\0" in str(path):
        raise UsageError("The setting key_file names no file: give its whole path.")
    return path


def keep_in_file(path: Path, key: str) -> None:
    """Write the key into a file that only its owner can read.

    Raises:
        UsageError: The file cannot be written.
    """
    write_privately(path, key + "\n")


def keep_in_keyring(profile: str, key: str) -> None:
    """Put the key of a profile into the platform's keyring.

    Raises:
        UsageError: There is no keyring, or it is locked.
    """
    import keyring  # noqa: PLC0415 - slow to import, and only this way of keeping a key needs it

    try:
        keyring.set_password(KEYRING_SERVICE, profile, key)
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own beside keyring's
        raise UsageError(
            f"The keyring cannot keep the key: {_said(error)} Keep it in an environment variable, or in a file that only "
            "you can read."
        ) from None


def forget_in_keyring(profile: str) -> bool:
    """Take the key of a profile out of the keyring; say whether there was one."""
    import keyring  # noqa: PLC0415 - slow to import

    try:
        keyring.delete_password(KEYRING_SERVICE, profile)
    except Exception:  # noqa: BLE001 - no keyring, no such key, or locked: nothing was taken out
        return False
    return True


def _ask_keyring(profile: str) -> tuple[str, str]:
    """Ask for a profile's key; give it, or "" and what went wrong in a sentence."""
    try:
        import keyring  # noqa: PLC0415 - slow to import, and only asked when no other place has a key

        value = keyring.get_password(KEYRING_SERVICE, profile)
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own beside keyring's
        return "", f"The keyring could not be asked: {_said(error)}"
    if value and value.strip():
        return value.strip(), ""
    return "", f'The keyring holds none for the profile "{profile}".'


def _read_key_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(_MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The key file {path} cannot be read: {error.strerror}.") from None
    if is_open_to_others(mode):
        raise UsageError(f"Others than its owner can use the key file {path}. Type: {closing_command([path])}")
    try:
        value = content.decode("ascii").strip()
    except UnicodeDecodeError:
        value = ""
    if not value or len(content) > _MAX_KEY_FILE_BYTES:
        raise UsageError(f"The key file {path} must hold the API key alone, in one line.")
    return value


def run_key_command(settings: Settings, environ: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> str:
    """Give the first line that the command prints; what it prints and its arguments are told to nobody.

    Raises:
        KeyRefusedError: It failed, printed no key, or took longer than so many seconds.
        UsageError: It cannot be run.
    """
    words = _split(settings.key_command)
    # What stands before the program in a shell's line may hold a password: VAULT_TOKEN=... vault.
    program = words[0].partition("=")[0] if words else ""
    of_profile = f' of the profile "{settings.profile}"' if settings.profile else ""
    command = f"The key_command{of_profile} ({program or 'no program'})"
    try:
        done = subprocess.run(  # noqa: S603 - it is the person's own command, and no shell reads it
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise KeyRefusedError(
            f"{command} printed no key within {seconds:g} seconds: try it by hand, it must ask for nothing."
        ) from None
    except (OSError, ValueError, IndexError):
        raise UsageError(
            f"{command} cannot be run: give a program and its arguments as they are typed, without a shell's signs."
        ) from None
    if done.returncode:
        raise KeyRefusedError(f"{command} failed with code {done.returncode}: try it by hand to see why.")
    first = done.stdout.partition(b"\n")[0].strip()
    if not first or not first.isascii() or len(first) > _MAX_KEY_FILE_BYTES:
        raise KeyRefusedError(f"{command} printed no key: it must print the key alone, in its first line.")
    return first.decode("ascii")


def _split(command: str) -> list[str]:
    """Give the words of a command line; none where a quote is not closed."""
    try:
        # Windows' paths have backslashes, which POSIX's rules would take away.
        words = shlex.split(command, posix=os.name == "posix")
    except ValueError:
        return []
    return words if os.name == "posix" else [word.strip('"') for word in words]


def _ways(settings: Settings, *, shared: bool) -> str:
    profile = settings.profile or "NAME"
    first = f"set the environment variable {API_KEY.variable}; or " if shared else ""
    return (
        f"Give it in one of {'three' if shared else 'two'} ways: {first}let a profile name "
        f"{'another' if shared else 'a'} variable (key_env), a file that only you can read (key_file) or a command that "
        "prints it (key_command); or put it into the keyring with: "
        f"almascan profiles add {profile} --keyring"
    )


def _said(error: Exception) -> str:
    """Give a foreign error's first line as a sentence."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return first if first.endswith(".") else f"{first}."
