"""Who gives a command."""

import getpass
import platform


def say_who() -> str:
    """Return who gives the command: user and machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown user"
    # A name may hold bytes that are no text; Python carries them along as what no database stores.
    return f"{user} on {platform.node() or 'this machine'}".encode(errors="replace").decode()
