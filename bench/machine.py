"""The machine that figures are measured on, and what a process has used of it."""

import os
import platform
import sys
from pathlib import Path

_CPU = Path("/proc/cpuinfo")
_STATUS = Path("/proc/self/status")


def describe_machine() -> str:
    """Say in a line what machine this is and how busy it is."""
    system = f"Python {platform.python_version()}, {platform.system()}"
    return f"{_name_processor()}, {os.cpu_count()} cores, {system}, load {_load()}"


def peak_megabytes() -> float | None:
    """Give the most memory that this process has had resident; None where the system does not tell."""
    if _STATUS.exists():
        # Not getrusage, which on Linux begins with what the parent had.
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - not on Windows

    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _name_processor() -> str:
    if _CPU.exists():
        for line in _CPU.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()


def _load() -> str:
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.1f}"
