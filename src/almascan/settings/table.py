"""The table of settings: names, types, bounds, defaults and what each is for.

The code, the options' help and the documentation all read it here.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from almascan.errors import UsageError
from almascan.model import RECIPES
from almascan.settings.suggestion import suggest

_Positive = Annotated[float, Meta(gt=0)]
_Count = Annotated[int, Meta(ge=0)]
Progress = Literal["auto", "bar", "plain", "json", "none"]


class Settings(msgspec.Struct, frozen=True):
    """The values of one command, merged from its option, the environment, the profile and the defaults.

    The key is not among them, so that printing or storing the settings never shows it; see ``find_key``.
    None means that the value depends on the environment (production, sandbox) and is chosen when that is known.
    """

    profile: Annotated[str, Meta(description="The profile to use; the file of profiles names the default one.")] = ""
    base_url: Annotated[
        str, Meta(description="Where Alma's API is: a region (na, eu, ap, aps, ca, cn) or the address of a simulator.")
    ] = ""
    institution: Annotated[
        str,
        Meta(
            description="Alma's code of the institution, such as 01ABC_INST; a key of another institution is refused "
            "before anything is read or scanned."
        ),
    ] = ""
    key_file: Annotated[str, Meta(description="A file that holds the API key and that only its owner can read.")] = ""
    key_env: Annotated[str, Meta(description="The name of another environment variable that holds the API key.")] = ""
    key_command: Annotated[
        str, Meta(description="A command that prints the API key in its first line; it is run without a shell.")
    ] = ""
    library: Annotated[str, Meta(description="Alma's code of the library where the scans happen.")] = ""
    circ_desk: Annotated[str, Meta(description="Alma's code of the circulation desk where the scans happen.")] = ""
    department: Annotated[
        str, Meta(description="Alma's code of the department where the scans happen, instead of a circulation desk.")
    ] = ""
    home_desks: Annotated[
        str,
        Meta(
            description="For --desk home: desks by library or location, as in MAIN=CIRC, MAIN/rare=RARE_DESK; else the "
            "desk is taken that Alma lists for the item's location."
        ),
    ] = ""
    recipe: Annotated[
        str, Meta(description="Which item states are scanned and which results count as done; see the recipes.")
    ] = "transit"
    rate: Annotated[
        _Positive | None,
        Meta(
            description="Requests a second that no second may exceed; by default 20 in production, 4 in a sandbox and "
            "8 where neither is known."
        ),
    ] = None
    per_minute: Annotated[
        _Count | None,
        Meta(
            description="Requests a minute that no minute may exceed, 0 for no limit; by default 1,200 in production "
            "and no limit elsewhere."
        ),
    ] = None
    keep_calls: Annotated[
        _Count | None,
        Meta(
            description="Stop when fewer of the institution's calls than this remain for the day; by default 5 % of "
            "the most seen in seven days, and at least 5,000."
        ),
    ] = None
    settle_seconds: Annotated[
        float, Meta(ge=0, description="How long after a lost answer a scan may still take effect, in seconds.")
    ] = 120.0
    journal: Annotated[
        str,
        Meta(
            description="The journal: a file, or a PostgreSQL database for a fleet (postgresql://user@host/database); by "
            "default journal.db in the platform's data folder."
        ),
    ] = ""
    progress: Annotated[
        Progress,
        Meta(description="How progress is shown: auto, bar, plain, json or none. Auto is a bar on a terminal."),
    ] = "auto"


class Setting(msgspec.Struct, frozen=True):
    """One line of the table.

    Attributes:
        name: The setting's name, as in a profile and in the Python API.
        type: The type of its value where it has one.
        default: Its value when it is given nowhere; None where Alma's environment decides.
        help: What it is for, in a sentence.
        in_profile: Whether a profile may hold it.
    """

    name: str
    type: type
    default: object
    help: str
    in_profile: bool = True

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return f"ALMASCAN_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The option that gives it, where a command has one."""
        return "--desk" if self.name == "circ_desk" else f"--{self.name.replace('_', '-')}"


def _table() -> tuple[Setting, ...]:
    lines = [API_KEY]
    for field in msgspec.structs.fields(Settings):
        meta = next(_metas(_HINTS[field.name]))
        in_profile = field.name != "profile"
        lines.append(Setting(field.name, _type(_PLAIN[field.name]), field.default, meta.description or "", in_profile))
    return tuple(lines)


def _metas(hint: object) -> Iterator[Meta]:
    """Give what annotates a type, from the outside in."""
    yield from getattr(hint, "__metadata__", ())
    for part in get_args(hint):
        if not isinstance(part, Meta):
            yield from _metas(part)


def _type(plain: object) -> type:
    if isinstance(plain, type):
        return plain
    first = get_args(plain)[0]
    return first if isinstance(first, type) else type(first)


_HINTS = get_type_hints(Settings, include_extras=True)
_PLAIN = get_type_hints(Settings)

API_KEY = Setting(
    "api_key",
    str,
    "",
    "The API key. It is read from the environment alone: no option takes it and no profile holds it.",
    in_profile=False,
)
SETTINGS: tuple[Setting, ...] = _table()
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}

_NOUNS = {str: "a text", int: "a whole number", float: "a number"}
_MAX_SHOWN = 60


def convert_value(setting: Setting, value: object, where: str, *, strict: bool) -> object:
    """Give a value its type.

    Args:
        setting: The setting that it is for.
        value: What stands in an option, an environment variable or a profile.
        where: What the error calls the place, such as ``--rate``.
        strict: Whether a text that reads as a number is refused, as in a profile.

    Raises:
        UsageError: The value is not of the setting's type, is out of its bounds, or is no recipe.
    """
    # A command's arguments may hold a password.
    shown = "" if setting.name == "key_command" else f", not {_shown(value)}"
    refusal = UsageError(f"{where} must be {_expected(setting)}{shown}.")
    try:
        converted: object = msgspec.convert(value, _HINTS[setting.name], strict=strict)
    except msgspec.ValidationError:
        raise refusal from None
    if isinstance(converted, str) and any("\ud800" <= each <= "\udfff" for each in converted):
        raise UsageError(f"{where} holds bytes that are no text.")
    if converted is None or (isinstance(converted, float) and not isfinite(converted)):
        raise refusal
    if setting.name == "recipe" and converted not in RECIPES:
        raise UsageError(f'{where}: there is no recipe "{converted}".{suggest(str(converted), list(RECIPES))}')
    return converted


def _expected(setting: Setting) -> str:
    choices = get_args(_PLAIN[setting.name])
    if choices and all(isinstance(choice, str) for choice in choices):
        return "one of " + ", ".join(choices)
    noun = _NOUNS[setting.type]
    for meta in _metas(_HINTS[setting.name]):
        if meta.gt is not None:
            return f"{noun} above {meta.gt}"
        if meta.ge is not None:
            return f"{noun} of {meta.ge} or more"
    return noun


def _shown(value: object) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
