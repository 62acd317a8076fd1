"""``almascan simulator``: an Alma of one's own, on this machine."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import contextlib
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from almascan.cli.options import framed
from almascan.cli.process import live_long
from almascan.errors import UsageError

if TYPE_CHECKING:
    from almascan.simulator import Simulator

_USAGE = """A simulated Alma listens at {base_url} (Ctrl-C ends it).

  key             {key}
  library, desk   {library}, {circ_desk}
  try             curl -iL -H 'Authorization: apikey {key}' -H 'Accept: application/json' \\
                       '{base_url}/items?item_barcode={barcode}'
  barcodes        {address}/simulator/barcodes?state=in_transit&limit=100
  what happened   {address}/simulator/stats"""


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="TCP port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--institutions",
    type=click.IntRange(1, 200),
    default=1,
    show_default=True,
    help="Number of institutions, each with items, limits and keys of its own.",
)
@click.option(
    "--items",
    type=click.IntRange(1000, 50_000_000),
    default=10_000,
    show_default=True,
    help="Number of items of an institution; any number costs the same memory.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides the items' data and states.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write address, keys and barcodes to this JSON file once it listens.",
)
@click.option(
    "--per-second",
    type=click.IntRange(0),
    default=25,
    show_default=True,
    help="Requests allowed in a second; 0 for no limit.",
)
@click.option(
    "--per-minute",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Requests allowed in a minute; 0 for no limit.",
)
@click.option(
    "--per-day",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Requests allowed until midnight GMT; 0 for no limit.",
)
@click.option(
    "--window",
    type=click.Choice(["sliding", "calendar"]),
    default="sliding",
    show_default=True,
    help="Whether a limit holds for any second, or for each second of the clock.",
)
@click.option(
    "--latency-ms", type=click.FloatRange(0), default=0, show_default=True, help="Milliseconds that every answer takes."
)
@click.option(
    "--jitter-ms",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="Up to so many milliseconds more, at random.",
)
@click.option(
    "--environment",
    type=click.Choice(["sandbox", "production"]),
    default="production",
    show_default=True,
    help="What it says of itself.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "de", "fr"]),
    default="en",
    show_default=True,
    help="The institution's language, in which texts come unless a request asks for another.",
)
@click.option(
    "--reading",
    "readings",
    metavar="NAME",
    multiple=True,
    help="Have a point that nobody is sure of turn out the other way; may be given several times. The names are on the "
    "page about the simulator, and an unknown one prints them.",
)
@framed
def command(ready_file: Path | None, readings: tuple[str, ...], **settings: Any) -> None:
    """Run a simulated Alma on this machine, to try almascan or any other Alma client on."""
    from almascan.simulator import Simulator, SimulatorConfig

    try:
        config = SimulatorConfig(**settings, readings=frozenset(readings))
    except ValueError as error:
        raise UsageError(str(error)) from error
    with contextlib.ExitStack() as running:
        try:
            simulator = running.enter_context(Simulator(config))
        except OSError as error:
            raise UsageError(
                f"Port {config.port} cannot be used ({error.strerror}); choose another with --port."
            ) from error
        stopped = _listen_for_signals()
        _announce(simulator, ready_file)
        live_long()
        # Waiting in short turns lets Windows see Ctrl-C.
        while simulator.is_running and not stopped.wait(0.5):
            continue


def _listen_for_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _announce(simulator: "Simulator", ready_file: Path | None) -> None:
    from almascan.simulator.ready import write_ready_file

    description = simulator.describe()
    if ready_file is not None:
        try:
            write_ready_file(ready_file, description)
        except OSError as error:
            raise UsageError(f"The ready file {ready_file} cannot be written ({error.strerror}).") from error
    click.echo(
        _USAGE.format(
            **description,
            key=description["keys"]["full"],
            barcode=description["barcodes"]["in_transit"][0],
            address=simulator.address,
        )
    )
