"""The machine that figures are measured on, and what a process has used of it."""

import os
import platform
import sys
from pathlib import Path
from typing import NamedTuple

_CPU = Path("/proc/cpuinfo")
_STATUS = Path("/proc/self/status")
_TIMES = Path("/proc/stat")


class ProcessorTime(NamedTuple):
    """How long all processors were in use since the machine was started, and how long they were there, in one unit."""

    used: int
    whole: int


def describe_machine() -> str:
    """Say in a line what machine this is and how busy it is."""
    system = f"Python {platform.python_version()}, {platform.system()}"
    return f"{_name_processor()}, {os.cpu_count()} cores, {system}, load {_load()}"


def processor_time() -> ProcessorTime | None:
    """Give what all processors have done so far; None where the system does not tell."""
    if not _TIMES.exists():
        return None
    # user, nice, system, idle, waiting for a disk, interrupts, taken by another machine
    times = [int(word) for word in _TIMES.read_text().splitlines()[0].split()[1:9]]
    return ProcessorTime(sum(times) - times[3] - times[4], sum(times))


def percent_used(before: ProcessorTime | None, after: ProcessorTime | None) -> float | None:
    """Say how much of all processors was in use between two moments; None where the system does not tell."""
    if before is None or after is None:
        return None
    return 100 * (after.used - before.used) / max(1, after.whole - before.whole)


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
