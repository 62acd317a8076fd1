import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from almascan import cli

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference" / "commands.md"


def every_command() -> Iterator[tuple[str, click.Command]]:
    root = click.Context(cli.almascan, info_name="almascan")
    for name in cli.COMMANDS:
        command = cli.almascan.get_command(root, name)
        assert command is not None, f"{name} cannot be loaded"
        yield f"almascan {name}", command
        if isinstance(command, click.Group):
            yield from ((f"almascan {name} {part}", each) for part, each in command.commands.items())


def option_helps(command: click.Command, ctx: click.Context) -> list[tuple[str, str]]:
    records = (each.get_help_record(ctx) for each in command.params if isinstance(each, click.Option))
    return [record for record in records if record is not None]


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_is_in_the_reference(path: str) -> None:
    assert f"# {path}\n" in REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_every_option_says_what_it_is_for(path: str) -> None:
    command = COMMANDS[path]
    ctx = click.Context(command, info_name=path)
    assert command.help
    assert [name for name, sentence in option_helps(command, ctx) if not sentence.strip()] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_no_option_takes_a_key_as_its_value(path: str) -> None:
    names = {name for parameter in COMMANDS[path].params for name in (*parameter.opts, parameter.name)}
    assert not names & {"--key", "--api-key", "--apikey", "key", "api_key", "apikey"}


def load_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_check", ROOT / "docs" / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    assert list(load_check().stale_pages()) == []
