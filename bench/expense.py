"""What work took of time, processor and memory, told from one process to another through a file."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.machine import peak_megabytes


class Expense(msgspec.Struct, frozen=True):
    """What some work took: seconds of time and of processor, and the most memory that its process had resident."""

    seconds: float
    processor_seconds: float
    megabytes: float | None


def tell_expense(told: Path, work: Callable[[], None]) -> None:
    """Do some work, and write what it took to a file."""
    used, began = time.process_time(), time.perf_counter()
    work()
    expense = Expense(time.perf_counter() - began, time.process_time() - used, peak_megabytes())
    told.write_bytes(msgspec.json.encode(expense))


def read_expense(told: Path) -> Expense:
    """Read what some work took."""
    return msgspec.json.decode(told.read_bytes(), type=Expense)
