"""``almascan demo``: the main job against the simulator, killed half-way and resumed."""

from pathlib import Path

import click

from almascan.cli import options

_OWN_ALMA = """
With your own Alma, in two lines:
  almascan profiles add main
  almascan scan barcodes.csv"""


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("almascan-demo"),
    show_default=True,
    help="Where its list, journal and report go.",
)
@options.framed
def command(folder: Path) -> None:
    """Show the main job against the simulator: plan 200 rows, scan them, be killed half-way, resume, report."""
    from almascan.demo import run_demo  # noqa: PLC0415 - keeps --help quick

    report = run_demo(folder, lambda sentence: click.echo(sentence, err=True))
    click.echo(_OWN_ALMA)
    click.echo(f"\nThe report: {report.resolve()}")
