"""The command line: one file per command, each of which parses, calls and prints.

A module here named ``foo`` holds a click command named ``command``; its name on the command line is the module's.
Only click is imported at the top of a command's module: the rest is imported where it is used, so that
``almascan --help`` stays quick.
"""

import importlib

import click

from almascan.version import __version__

COMMANDS: tuple[str, ...] = (
    "scan",
    "plan",
    "resume",
    "retry",
    "settle",
    "pause",
    "cancel",
    "delete",
    "runs",
    "show",
    "report",
    "journal",
    "check",
    "desks",
    "recipes",
    "profiles",
    "watch",
    "web",
    "worker",
    "drain",
    "simulator",
    "demo",
)
"""The commands in the order in which help lists them; each is a module of this package."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"almascan.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Keep what a mistyped command line quotes, such as a file's name, from commanding the terminal."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            from almascan.progress.text import plain  # noqa: PLC0415 - keeps --help quick

            raise click.UsageError(plain(error.format_message()), error.ctx) from None


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="almascan")
def almascan() -> None:
    """Scan lists of barcodes in through the Ex Libris Alma API."""
