"""``almascan profiles``: the named sets of settings, and where each one's key is kept."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from almascan.cli import options

if TYPE_CHECKING:
    from almascan.settings import Profiles


@click.group(name="profiles", invoke_without_command=True)
@options.json_option
@click.pass_context
@options.framed
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List the profiles, or add, remove or choose one.

    A profile is a named set of settings: which Alma, which desk, and where the key is kept. The keys themselves are in
    the keyring, in environment variables or in files that only their owner can read, or a command prints them.
    """
    if as_json and ctx.invoked_subcommand:
        raise click.UsageError(f"--json lists profiles; {ctx.invoked_subcommand} prints none.")
    if ctx.invoked_subcommand is None:
        _list_profiles(_read(), as_json=as_json)


@command.command(name="add")
@click.argument("name")
@click.option("--base-url", "--region", "base_url", metavar="REGION|URL", help="Which Alma: na, eu, ap, aps, ca, cn.")
@click.option("--keyring", is_flag=True, help="Keep the key in the keyring; it is asked for, or from ALMASCAN_API_KEY.")
@click.option("--key-env", metavar="VARIABLE", help="The key is in this environment variable.")
@click.option("--key-file", metavar="FILE", help="The key is in this file, which is written if it is not there.")
@click.option("--library", metavar="CODE", help="The library where scans happen.")
@click.option("--desk", "circ_desk", metavar="CODE", help="The circulation desk where scans happen.")
@click.option("--department", metavar="CODE", help="The department where scans happen, instead of a desk.")
@click.option("--default", "make_default", is_flag=True, help="Use it where no profile is named.")
@click.option("--replace", is_flag=True, help="Replace the profile of this name.")
@click.option("--no-check", is_flag=True, help="Do not try the key at Alma.")
@options.framed
def add(*, name: str, keyring: bool, make_default: bool, replace: bool, no_check: bool, **given: str | None) -> None:
    """Add the profile NAME, and try its key.

    On a terminal it asks for what no option gives. The first profile is the default one. Nothing is written when Alma
    does not accept the key.
    """
    from almascan.cli.questions import complete_profile
    from almascan.enrolment import keep

    _check_free(_read(), name, replace=replace)
    new = complete_profile(name, given, in_keyring=keyring, environ=os.environ, try_it=not no_check)
    profiles = keep(new, os.environ, make_default=make_default, replace=replace)
    options.say(f'The profile "{name}" is in {profiles.path}. Try: almascan check --profile {name}')


@command.command(name="remove")
@click.argument("name")
@options.framed
def remove(*, name: str) -> None:
    """Remove the profile NAME, and its key from the keyring.

    A key file, an environment variable and what a command prints stay as they are.
    """
    from almascan.settings.keys import forget_in_keyring

    profiles = _read()
    values = profiles.values(name)
    rest = {other: each for other, each in profiles.profiles.items() if other != name}
    _write(profiles, rest, "" if profiles.default == name else None)
    forgotten = _key_place(values) == "keyring" and forget_in_keyring(name)
    options.say(f'The profile "{name}" is removed{", and its key from the keyring" if forgotten else ""}.')


@command.command(name="default")
@click.argument("name")
@options.framed
def default(*, name: str) -> None:
    """Use the profile NAME where no profile is named."""
    profiles = _read()
    profiles.values(name)
    _write(profiles, profiles.profiles, name)
    options.say(f'The profile "{name}" is the default now.')


def _read() -> "Profiles":
    from almascan.settings import config_path, read_profiles

    return read_profiles(config_path(os.environ))


def _write(profiles: "Profiles", tables: Mapping[str, dict[str, object]], default: str | None) -> None:
    """Write the file with other tables and, where one is given, another default."""
    from almascan.settings import Profiles, write_profiles

    write_profiles(Profiles(profiles.path, profiles.default if default is None else default, dict(tables)))


def _check_free(profiles: "Profiles", name: str, *, replace: bool) -> None:
    """Refuse a name that cannot be used before anything is asked."""
    from almascan.enrolment import check_free
    from almascan.errors import UsageError

    try:
        check_free(profiles, name, replace=replace)
    except UsageError as error:
        hint = " (--replace)" if name in profiles.profiles else ""
        raise UsageError(f"{str(error).removesuffix('.')}{hint}.") from None


def _list_profiles(profiles: "Profiles", *, as_json: bool) -> None:
    if as_json:
        options.print_json({"path": str(profiles.path), "default": profiles.default, "profiles": profiles.profiles})
        return
    if not profiles.profiles:
        options.say(f"There are no profiles in {profiles.path}. Add one with: almascan profiles add main")
        return
    rows = [(name, "yes" if name == profiles.default else "", *_cells(values)) for name, values in _sorted(profiles)]
    options.print_table("Profiles", ("Profile", "Default", "Alma", "Key", "Library", "Desk", "Other settings"), rows)


def _sorted(profiles: "Profiles") -> list[tuple[str, dict[str, object]]]:
    return sorted(profiles.profiles.items(), key=lambda entry: entry[0].casefold())


def _cells(values: Mapping[str, object]) -> tuple[object, ...]:
    shown = ("base_url", "key_env", "key_file", "key_command", "library", "circ_desk", "department")
    desk = values.get("circ_desk") or (f"department {values['department']}" if values.get("department") else "")
    rest = ", ".join(f"{name} {value}" for name, value in values.items() if name not in shown)
    return values.get("base_url"), _key_place(values), values.get("library"), desk, rest


def _key_place(values: Mapping[str, object]) -> str:
    if values.get("key_env"):
        return f"variable {values['key_env']}"
    if values.get("key_command"):
        return "command"  # its arguments may hold a password
    return f"file {values['key_file']}" if values.get("key_file") else "keyring"
