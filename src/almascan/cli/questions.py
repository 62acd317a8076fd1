"""The questions that ``almascan profiles add`` asks, each of which an option answers beforehand."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from almascan.alma import REGIONS, Alma, resolve_base_url
from almascan.cli.check import print_examination
from almascan.cli.options import run_async, say
from almascan.enrolment import NewProfile, key_path, try_key
from almascan.errors import UsageError
from almascan.settings import Key, Settings, find_key
from almascan.settings.suggestion import suggest
from almascan.settings.table import API_KEY

T = TypeVar("T")

_PLACES = ("keyring", "variable", "file")
_NAMED_PLACES = {"key_env": "an environment variable", "key_file": "a file"}


def complete_profile(
    name: str, given: Mapping[str, str | None], *, in_keyring: bool, environ: Mapping[str, str], try_it: bool
) -> NewProfile:
    """Ask for what the options of ``profiles add`` left open, and try the key.

    Args:
        name: The profile's name.
        given: Settings by name from the options; None where an option was not given.
        in_keyring: Whether the key goes into the keyring.
        environ: The environment variables.
        try_it: Whether Alma is asked about the key, the library and the desk.

    Raises:
        UsageError: Without a terminal an answer is missing, options exclude each other, or Alma has no such library
            or desk.
        KeyRefusedError: Alma does not know the key.
        AttemptError, StopError: Alma gives no usable answer.
    """
    _check_options(given, in_keyring=in_keyring)
    values = {setting: value for setting, value in given.items() if value}
    values["base_url"] = _ask_address(values)
    if not in_keyring and not values.keys() & _NAMED_PLACES.keys():
        values |= _ask_place(name, environ)
    if "key_file" in values:
        values["key_file"] = str(Path(values["key_file"]).expanduser().absolute())
    new = _take_key(name, values, environ)
    if new.key is None:
        say(f"The key is not tried: the variable {values['key_env']} is not set here.")
    elif try_it:
        return _try(new, new.key)
    return msgspec.structs.replace(new, values=values | _ask_desk(values, None))


def _check_options(given: Mapping[str, str | None], *, in_keyring: bool) -> None:
    places = [option for option, is_given in (("--keyring", in_keyring), *_given_places(given)) if is_given]
    if len(places) > 1:
        raise UsageError(f"Give one of {' and '.join(places)}: a key is kept in one place.")
    if given.get("circ_desk") and given.get("department"):
        raise UsageError("Give one of --desk and --department: a scan happens at one place.")


def _given_places(given: Mapping[str, str | None]) -> list[tuple[str, bool]]:
    return [("--key-env", bool(given.get("key_env"))), ("--key-file", bool(given.get("key_file")))]


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _require_terminal(options: str) -> None:
    if not _is_terminal():
        raise UsageError(f"There is no terminal to ask on: give {options}.")


def _ask(question: str, check: Callable[[str], str], default: str | None = None) -> str:
    """Ask until the answer passes the check, which gives what it stands for or raises UsageError."""
    while True:
        answer = str(click.prompt(question, default=default, show_default=bool(default), err=True)).strip()
        try:
            return check(answer)
        except UsageError as error:
            say(str(error))


def _ask_address(values: Mapping[str, str]) -> str:
    def check(answer: str) -> str:
        resolve_base_url(answer)
        return answer

    if "base_url" in values:
        return check(values["base_url"])
    _require_terminal("--region or --base-url")
    return _ask(f"Region ({', '.join(REGIONS)}) or address", check)


def _ask_place(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Ask where the key is kept; nothing stands for the keyring."""
    _require_terminal("--keyring, --key-env or --key-file")
    place = click.prompt("Where is the key kept", type=click.Choice(_PLACES), default="keyring", err=True)
    if place == "variable":
        return {"key_env": str(click.prompt("Name of the environment variable", err=True)).strip()}
    if place == "file":
        default = str(key_path(name, environ))
        return {"key_file": str(click.prompt("File", default=default, err=True)).strip()}
    return {}


def _take_key(name: str, values: dict[str, str], environ: Mapping[str, str]) -> NewProfile:
    if "key_env" in values:
        is_set = bool(environ.get(values["key_env"]))
        key = find_key(Settings(key_env=values["key_env"]), _without_key(environ)) if is_set else None
        return NewProfile(name, values, key, keep_key=False)
    if "key_file" in values and Path(values["key_file"]).exists():
        key = find_key(Settings(key_file=values["key_file"]), {})
        return NewProfile(name, values, key, keep_key=False)
    return NewProfile(name, values, _new_key(environ), keep_key=True)


def _without_key(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment without ALMASCAN_API_KEY, which would count before the place that is tried."""
    return {variable: value for variable, value in environ.items() if variable != API_KEY.variable}


def _new_key(environ: Mapping[str, str]) -> Key:
    if environ.get(API_KEY.variable):
        return find_key(Settings(), environ)
    _require_terminal(f"the key in the environment variable {API_KEY.variable}")
    return Key(str(click.prompt("API key (not shown)", hide_input=True, err=True)).strip(), "the terminal")


def _try(new: NewProfile, key: Key) -> NewProfile:
    """Ask Alma whose the key is and what it may; say so; ask for the desk by name where the key may list desks."""
    tried, found = run_async(try_key(new))
    print_examination(found, key.source)
    if found.amiss:
        raise UsageError(" ".join(found.amiss))
    desk = _ask_desk(tried.values, key if found.may_configure else None)
    return msgspec.structs.replace(tried, values=tried.values | desk)


async def _with_alma(settings: Settings, key: Key, ask: Callable[[Alma], Awaitable[T]]) -> T:
    async with Alma(resolve_base_url(settings.base_url), key.value) as alma:
        return await ask(alma)


def _ask_desk(values: Mapping[str, str], key: Key | None) -> dict[str, str]:
    """Ask for the library and the desk that no option gave, by name where a key may list them."""
    if not _is_terminal() or values.keys() & {"circ_desk", "department"}:
        return {}
    settings = Settings(base_url=values["base_url"])
    library = values.get("library") or _pick("Library", _libraries(settings, key))
    desk = _pick("Circulation desk", _desks(settings, key, library)) if library else ""
    answers = {"library": library, "circ_desk": desk}
    return {setting: answer for setting, answer in answers.items() if answer}


def _libraries(settings: Settings, key: Key | None) -> list[tuple[str, str]]:
    if key is None:
        return []
    libraries = run_async(_with_alma(settings, key, lambda alma: alma.libraries()))
    return [(library.code, library.name) for library in libraries]


def _desks(settings: Settings, key: Key | None, library: str) -> list[tuple[str, str]]:
    if key is None:
        return []
    desks = run_async(_with_alma(settings, key, lambda alma: alma.circ_desks(library)))
    return [(desk.code, desk.name) for desk in desks]


def _pick(what: str, known: Sequence[tuple[str, str]]) -> str:
    """Ask for one of the known codes, by number, code or name; for any code where none is known."""
    for number, (code, name) in enumerate(known, start=1):
        say(f"{number:4}  {code}  {name}")
    how = "number, code or name; empty for none" if known else "code; empty for none"
    return _ask(f"{what} ({how})", lambda answer: choose(answer, known), default="")


def choose(answer: str, known: Sequence[tuple[str, str]]) -> str:
    """Give the code that an answer means.

    Args:
        answer: A code, a name in any case, or a number of the list counted from 1; a code counts first.
        known: Codes with their names; where there are none, the answer is the code.

    Raises:
        UsageError: It means none of them.
    """
    codes = [code for code, _ in known]
    if not answer or not known or answer in codes:
        return answer
    named = [code for code, name in known if answer.casefold() in (code.casefold(), name.casefold())]
    if len(named) == 1:
        return named[0]
    if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(known):
        return codes[int(answer) - 1]
    raise UsageError(f'"{answer}" is none of these.{suggest(answer, codes)}')
