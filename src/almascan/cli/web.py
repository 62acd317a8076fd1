"""``almascan web``: the page in the browser."""
# ruff: noqa: PLC0415 - what help does not need is imported where it is used, so that help stays quick

import contextlib
import ipaddress
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from almascan.cli import options
from almascan.cli.process import live_long
from almascan.cli.work import open_journal
from almascan.errors import UsageError

if TYPE_CHECKING:
    from almascan.web.access import Access, LinkAccess

_OWN_ADDRESSES = ("127.0.0.1", "::1")
_LINE_BYTES = 1024
_LONGEST_DEFECT = 300


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8766,
    show_default=True,
    metavar="N",
    help="TCP port; 0 takes a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the link, and open no browser.")
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="For a team: the IP address or network of the reverse proxy that signs people in; may be given several times.",
)
@click.option(
    "--proxy-user-header",
    metavar="NAME",
    help="The header in which the proxy says who has signed in. [default: X-Forwarded-User]",
)
@click.option(
    "--origin", metavar="URL", help="The page's public address at the proxy, such as https://scan.example.org."
)
@click.option(
    "--bind",
    default=_OWN_ADDRESSES[0],
    show_default=True,
    metavar="ADDRESS",
    help="The IP address to listen on; another than this machine's own only with --proxy.",
)
@options.connection_options
@options.journal_option
@options.framed
def command(
    *,
    port: int,
    no_browser: bool,
    proxies: tuple[str, ...],
    proxy_user_header: str | None,
    origin: str | None,
    bind: str,
    **given: Any,
) -> None:
    """Show the page in the browser: upload a list, see what would happen, scan, and take the report away.

    A link opens it, once, in the browser of whoever started it; Enter prints a new one. The page listens on this machine
    alone. For a team it stands behind a reverse proxy that signs people in (--proxy, --origin). Ctrl-C finishes what is
    in flight and ends it.
    """
    from almascan.web.access import LinkAccess, read_secret, secret_path
    from almascan.web.application import make_application
    from almascan.web.server import listen, serve

    _check_bind(bind, is_proxied=bool(proxies))
    settings = options.settings_of(**given)
    journal = open_journal(settings, create=True)
    secret = read_secret(secret_path(journal.path))
    proxied = _proxy_access(secret, proxies, origin, proxy_user_header)
    listener = listen(bind, port)
    access = proxied or _link_access(secret, bind, listener.getsockname()[1])

    def say_ready() -> None:
        if isinstance(access, LinkAccess):
            _hand_out(access, open_browser=not no_browser)
        else:
            options.say(f"The page is served to whom the proxy signs in, as {origin} (Ctrl-C ends it).")

    application = make_application(journal, access, settings)
    live_long()
    serve(application, listener, say_ready=say_ready, say_ending=_say_ending, say_defect=_say_defect)


def _check_bind(bind: str, *, is_proxied: bool) -> None:
    try:
        ipaddress.ip_address(bind)
    except ValueError:
        raise UsageError(f"--bind must be an IP address of this machine, such as 127.0.0.1, not {bind}.") from None
    if not is_proxied and bind not in _OWN_ADDRESSES:
        raise UsageError(
            f"--bind {bind} would open the page to the network, with nobody to sign people in. Put it behind a reverse "
            "proxy and name that with --proxy and --origin, or leave --bind away."
        )


def _proxy_access(secret: str, proxies: tuple[str, ...], origin: str | None, header: str | None) -> "Access | None":
    """Give the access through a proxy; None where none is named."""
    from almascan.web.access import USER_HEADER, ProxyAccess

    if not proxies:
        if origin or header:
            raise UsageError(
                "--origin and --proxy-user-header need --proxy, the address of the proxy that signs people in."
            )
        return None
    if not origin:
        raise UsageError("--proxy needs --origin, the page's public address, such as https://scan.example.org.")
    return ProxyAccess(secret, proxies, origin, header or USER_HEADER)


def _link_access(secret: str, bind: str, port: int) -> "LinkAccess":
    from almascan.journal import say_who
    from almascan.web.access import LinkAccess

    return LinkAccess(secret, say_who(), port, host=f"[{bind}]" if ":" in bind else bind)


def _hand_out(access: "LinkAccess", *, open_browser: bool) -> None:
    """Print the link, alone on stdout, and open it; on a terminal, Enter prints another."""
    link = access.new_link()
    click.echo(link)
    options.say("This link opens the page, once, within ten minutes. Ctrl-C ends it.")
    if sys.stdin is not None and sys.stdin.isatty():
        options.say("Enter prints a new link.")
        if hasattr(signal, "SIGTTIN"):
            # In the background of a shell, reading from the terminal would stop the whole server.
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        threading.Thread(target=_print_links, args=(access,), name="new links", daemon=True).start()
    if open_browser and has_screen(os.environ, sys.platform):
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(link,), name="browser", daemon=True).start()


def _print_links(access: "LinkAccess") -> None:
    """Print a new link at every Enter."""
    # Python ends badly while a thread holds sys.stdin's buffer, so the descriptor is read.
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), _LINE_BYTES):
            click.echo(access.new_link())


def has_screen(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can be opened that does not take the terminal.

    Args:
        environ: The environment variables.
        platform: Python's name of the system.
    """
    if platform in ("win32", "darwin"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _say_ending() -> None:
    with contextlib.suppress(OSError):  # the terminal may be what has gone
        options.say("Finishing what is in flight; Ctrl-C once more stops at once.")


def _say_defect(error: Exception) -> None:
    """Say on the terminal what went wrong at a request; whoever sent it was told that something did."""
    with contextlib.suppress(OSError):
        if os.environ.get("ALMASCAN_DEBUG") == "1":
            for line in "".join(traceback.format_exception(error)).splitlines():
                options.say(line)
        options.say(
            f"almascan: a page could not be shown; this is a defect in almascan ({type(error).__name__}: "
            f"{str(error)[:_LONGEST_DEFECT]}). Please report it with this line; ALMASCAN_DEBUG=1 shows where it happened."
        )
