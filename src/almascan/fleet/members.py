"""The institutions that a worker knows: those of the profiles on its machine, each with a key of its own.

A key is looked for again and again, so that one that is put in another's place is taken without a restart, and none is
ever handed to the database.
"""

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import msgspec

from almascan.alma import resolve_base_url
from almascan.errors import KeyRefusedError, StopError, UsageError
from almascan.settings import Key, Profiles, Settings, config_path, find_key, profile_settings, read_profiles
from almascan.settings.keys import key_file_path

COMMAND_AGAIN_SECONDS = 60.0
"""How long a command that gave no key is left alone."""
LOOK_AGAIN_SECONDS = 300.0
"""How often a command or the keyring is asked whether the key is still the same."""
REFUSED_SECONDS = 60.0
"""How long a key that Alma refused is not taken again."""
_COMMANDS_AT_ONCE = 8

_Stamp = tuple[int, ...] | None
"""What changes about a file when it is written or replaced; None where there is none."""


class Member(msgspec.Struct, frozen=True):
    """An institution that this worker may work for.

    Attributes:
        code: Alma's code of it, spelled as in the profile.
        profile: The profile that names it.
        settings: What that profile says, and nothing that the environment says.
    """

    code: str
    profile: str
    settings: Settings


class _Seat(msgspec.Struct):
    """A member and what is known of its key.

    Attributes:
        member: The member.
        amiss: What is wrong with its profile, so that no key is looked for; "" where nothing is.
        key: Its key, where one was found.
        problem: Why there is none, or why it could not be looked for again.
        asked_at: When it was last looked for.
        stamp: The key file's stamp before it was read.
        refused: The key that Alma refused, and when.
    """

    member: Member
    amiss: str = ""
    key: Key | None = None
    problem: str = "Its key was not looked for yet."
    asked_at: float = -math.inf
    stamp: _Stamp = None
    refused: tuple[str, float] = ("", -math.inf)

    def is_due(self, now: float) -> bool:
        """Whether the key is to be looked for."""
        settings = self.member.settings
        if self.amiss:
            return False
        if settings.key_command:
            pause = COMMAND_AGAIN_SECONDS if self.problem else LOOK_AGAIN_SECONDS
            return now - self.asked_at >= pause
        if self.key is None:
            return True
        if settings.key_file:
            return _key_file_stamp(settings) != self.stamp
        return not settings.key_env and now - self.asked_at >= LOOK_AGAIN_SECONDS


class Members:
    """The institutions of the profiles on this machine for which there is a key; safe in several threads.

    Args:
        environ: The environment variables.
        config_file: The file of profiles; by default ``ALMASCAN_CONFIG`` or the one in the platform's config folder.
        now: The time in seconds, which never runs backwards.
    """

    def __init__(
        self, environ: Mapping[str, str], config_file: Path | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._environ = environ
        self._path = config_file or config_path(environ)
        self._now = now
        self._refreshing = Lock()
        self._lock = Lock()  # held for moments, never while a key is looked for
        self._closed = Event()
        self._stamp: _Stamp = None
        self._shared = False
        self._seats: dict[str, _Seat] = {}
        self._file_problem = ""
        self._doubles: dict[str, str] = {}

    @property
    def codes(self) -> tuple[str, ...]:
        """The institutions that there is a key for, in the order of the file."""
        with self._lock:
            return tuple(seat.member.code for seat in self._seats.values() if seat.key)

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong, by profile, in a sentence; "" stands for the file of profiles."""
        with self._lock:
            found = {"": self._file_problem} | self._doubles
            found |= {seat.member.profile: seat.amiss or seat.problem for seat in self._seats.values()}
        return {profile: sentence for profile, sentence in found.items() if sentence}

    def member(self, code: str) -> Member:
        """Give the member of a code, however it is spelled.

        Raises:
            KeyRefusedError: This machine has no profile or no key for it.
        """
        return self._seat_with_key(code)[0]

    def key(self, code: str) -> Key:
        """Give the key of a member.

        Raises:
            KeyRefusedError: This machine has no profile or no key for it.
        """
        return self._seat_with_key(code)[1]

    def forget_key(self, code: str, refused: str = "") -> None:
        """Let go of a key that Alma refused, and look for another at the next refresh.

        Args:
            code: The institution.
            refused: The key that Alma refused; another that was found since then stays. "" is the one held now.
        """
        with self._lock:
            seat = self._seats.get(code.casefold())
            if seat is None or seat.key is None or (refused and seat.key.value != refused):
                return
            seat.refused = (seat.key.value, self._now())
            seat.problem = _refused_sentence(seat.key)
            seat.key, seat.asked_at = None, -math.inf

    def refresh(self) -> None:
        """Read the profiles anew if their file has changed, and look for the keys that are due; may take a while."""
        with self._refreshing:
            self._read()
            now = self._now()
            due = [seat for seat in self._seats.values() if seat.is_due(now)]
            # A command may hang; what is at hand does not wait for it.
            for seat in due:
                if not seat.member.settings.key_command:
                    self._look(seat)
            commands = [seat for seat in due if seat.member.settings.key_command]
            if commands:
                with ThreadPoolExecutor(min(len(commands), _COMMANDS_AT_ONCE)) as pool:
                    list(pool.map(self._look, commands))

    def close(self) -> None:
        """Begin to look for no more keys, so that a refresh in another thread ends soon."""
        self._closed.set()

    def _seat_with_key(self, code: str) -> tuple[Member, Key]:
        with self._lock:
            seat = self._seats.get(code.casefold())
            if seat is None:
                raise KeyRefusedError(
                    f"No profile in {self._path} is for {code}: give the profile that has its key the line "
                    f'institution = "{code}".'
                )
            if seat.key is None:
                profile = seat.member.profile
                raise KeyRefusedError(
                    f'There is no key for {code} here, profile "{profile}": {seat.amiss or seat.problem}'
                )
            return seat.member, seat.key

    def _read(self) -> None:
        """Read the file of profiles if it has changed; one that cannot be read leaves what was known."""
        stamp = _stamp(self._path)
        if stamp is not None and stamp == self._stamp:
            return
        problem, profiles = "", Profiles(self._path)
        if stamp is None:
            problem = f"The file of profiles {self._path} is not there: a worker knows its institutions from it."
        else:
            try:
                profiles = read_profiles(self._path)
            except UsageError as error:
                problem = str(error)
        if problem:
            with self._lock:
                self._stamp, self._file_problem = None, problem
        elif _stamp(self._path) == stamp:  # else it was being written or replaced, and is read the next time
            self._take(profiles, stamp)

    def _take(self, profiles: Profiles, stamp: _Stamp) -> None:
        """Seat the members of a file; who was there with the same settings keeps the key."""
        seats: dict[str, _Seat] = {}
        doubles: dict[str, str] = {}
        for name, values in profiles.profiles.items():
            code = str(values.get("institution", ""))
            first = seats.get(code.casefold())
            if first:
                doubles[name] = (
                    f'The profiles "{first.member.profile}" and "{name}" are both for {code}, and the first of the file '
                    f'counts: take institution out of "{name}".'
                )
            elif code:
                seats[code.casefold()] = _seat(profiles, name, code)
        shared = len(seats) + len(doubles) == 1
        with self._lock:
            for folded, new in seats.items():
                old = self._seats.get(folded)
                if old and shared == self._shared and (old.member, old.amiss) == (new.member, new.amiss):
                    seats[folded] = old
            self._seats, self._doubles, self._shared = seats, doubles, shared
            self._stamp, self._file_problem = stamp, ""

    def _look(self, seat: _Seat) -> None:
        """Look for a key, and keep it or why there is none."""
        if self._closed.is_set():
            return
        settings, key, problem = seat.member.settings, None, ""
        stamp = _key_file_stamp(settings)  # before it is read: a change meanwhile is seen the next time
        try:
            key = find_key(settings, self._environ, shared=self._shared)
        except StopError as error:
            problem = str(error)
        with self._lock:
            now = self._now()
            value, refused_at = seat.refused
            if key and key.value == value and now - refused_at < REFUSED_SECONDS:
                problem = _refused_sentence(key)
                key = None
            elif key is None and not settings.key_file:
                key = seat.key  # a store that is away for a while takes no key away
            seat.key, seat.problem, seat.asked_at, seat.stamp = key, problem, now, stamp


def _seat(profiles: Profiles, name: str, code: str) -> _Seat:
    """Give a profile's seat, with what is wrong with the profile."""
    amiss = ""
    try:
        settings = profile_settings(profiles, name)
        if settings.base_url:
            resolve_base_url(settings.base_url)
        else:
            amiss = "It does not say which Alma is meant: give it base_url, a region such as eu."
    except UsageError as error:
        settings, amiss = Settings(profile=name, institution=code), str(error)
    return _Seat(Member(code, name, settings), amiss)


def _refused_sentence(key: Key) -> str:
    return f"Alma does not accept the key from {key.source}: put a valid one in its place."


def _key_file_stamp(settings: Settings) -> _Stamp:
    try:
        return _stamp(key_file_path(settings)) if settings.key_file else None
    except UsageError:
        return None


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
