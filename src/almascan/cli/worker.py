"""``almascan worker``: a machine of the fleet."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import os
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.process import live_long
from almascan.cli.work import open_shared_journal

if TYPE_CHECKING:
    from almascan.fleet.worker import Worker

_THREADS = 16


@click.command()
@click.option(
    "--name", metavar="NAME", help="What it is called; by default the machine's name. No two at work share one."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 500),
    default=40,
    show_default=True,
    help="How many institutions it works for at most at a time.",
)
@click.option(
    "--chunk-rows",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="After so many rows of a run, others that wait have their turn.",
)
@click.option(
    "--chunk-seconds",
    type=click.FloatRange(1, 600),
    default=20,
    show_default=True,
    help="The same after so many seconds.",
)
@click.option(
    "--grace-seconds",
    type=click.FloatRange(0, 600),
    default=60,
    show_default=True,
    help="How long what is in flight may take when it is told to leave.",
)
@click.option(
    "--metrics-port", type=click.IntRange(0, 65535), help="Serve Prometheus' metrics at this port; 0 takes a free one."
)
@click.option(
    "--metrics-bind",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address that they are served at.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it writes to standard error.",
)
@options.journal_option
@options.framed
def command(
    name: str | None, metrics_port: int | None, metrics_bind: str, log_format: str, journal: str | None, **terms: Any
) -> None:
    """Work on the runs of a journal on PostgreSQL, together with others, for every institution that has a key here.

    The institutions are the profiles that name one. SIGTERM and Ctrl-C finish what is in flight and leave with exit code
    0; the runs go on where another worker is.
    """
    _check_packages()
    from almascan.errors import ExitCode

    with _serving_metrics(metrics_port, metrics_bind) as metrics:
        _work(name or platform.node() or "worker", metrics, log_format, journal, **terms)
    sys.exit(ExitCode.DONE)


def _check_packages() -> None:
    """Say what to install where a package of the fleet is not there."""
    import importlib

    from almascan.errors import UsageError

    missing = []
    for package in ("procrastinate", "prometheus_client", "psycopg"):
        try:
            importlib.import_module(package)
        except ImportError:
            missing.append(package)
    if missing:
        raise UsageError(
            f"A worker needs more packages ({', '.join(missing)}). Install them with: pipx install 'almascan[fleet]'"
        )


@contextmanager
def _serving_metrics(port: int | None, bind: str) -> Iterator[Any]:
    from almascan.fleet.metrics import Endpoint, Metrics

    metrics = Metrics()
    if port is None:
        yield metrics
        return
    with Endpoint(metrics, port, bind) as endpoint:
        options.say(f"almascan: the metrics are at http://{bind}:{endpoint.port}/metrics")
        yield metrics


def _work(
    name: str,
    metrics: Any,
    log_format: Any,
    journal: str | None,
    *,
    concurrency: int,
    chunk_rows: int,
    chunk_seconds: float,
    grace_seconds: float,
) -> None:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from almascan.fleet import logs
    from almascan.fleet.members import Members
    from almascan.fleet.worker import Terms, Worker
    from almascan.turn import Turn

    opened = open_shared_journal(options.settings_of(journal=journal), create=True)
    live_long()
    logs.set_up(log_format, sys.stderr, worker=name)
    members = Members(os.environ)
    terms = Terms(name, concurrency, Turn(chunk_rows, chunk_seconds), grace_seconds)

    async def work() -> None:
        # So many calls of the journal wait at a time, those of other institutions than the slow one's among them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        worker = Worker(opened, members, metrics, terms, process=os.getpid())
        _obey(worker)
        await worker.work()

    # Procrastinate's driver knows nothing of the proactor loop, which is Windows' default.
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work())


def _obey(worker: "Worker") -> None:
    """Have the worker leave when a signal says so."""
    import asyncio

    loop = asyncio.get_running_loop()

    def leave(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(worker.leave)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
