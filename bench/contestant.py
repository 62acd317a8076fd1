"""Who scans a list in: other people's ways and almascan's own, each started, started again and asked alike."""

import json
import sys
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from almascan.journal import Journal
from almascan.model import Outcome
from bench.million import environment_of
from bench.scripts.job import Job, read_results
from bench.simulated import Simulated

KEY_FILE = "keys.json"


class Course(NamedTuple):
    """What is run: a list in a folder of its own against a simulator of its own.

    Attributes:
        folder: Where everything is written.
        simulated: The simulator.
        barcodes: The list.
        rate: Requests a second that almascan is told; the others are told nothing.
        settle_seconds: How long almascan waits before it takes a scan whose answer was lost to have failed.
    """

    folder: Path
    simulated: Simulated
    barcodes: list[str]
    rate: float
    settle_seconds: float = 120.0

    @property
    def told(self) -> Path:
        """The file where it is told what the work took."""
        return self.folder / "told.json"

    @property
    def journal(self) -> Path:
        """almascan's journal."""
        return self.folder / "journal.db"


class Contestant(Protocol):
    """Somebody who scans a list in."""

    @property
    def name(self) -> str:
        """What it is called in the tables."""
        ...

    def begin(self, course: Course) -> list[str]:
        """Prepare the folder, and give the command that scans the list in."""
        ...

    def begin_again(self, course: Course) -> list[str]:
        """Give the command that a user says after a crash."""
        ...

    def known(self, course: Course) -> set[str]:
        """Give the barcodes of which the user can see that they were scanned, or perhaps were."""
        ...

    def environment(self, course: Course) -> dict[str, str]:
        """Give the environment of its commands."""
        ...


class Script(NamedTuple):
    """One of ``bench.scripts``; it has no memory, so after a crash it is started again as it was.

    Attributes:
        name: What it is called.
        module: Its module in ``bench.scripts``.
        extra: What its command line has after the job.
    """

    name: str
    module: str
    extra: tuple[str, ...] = ()

    def begin(self, course: Course) -> list[str]:
        simulated = course.simulated
        desk = (str(simulated.ready["library"]), str(simulated.ready["circ_desk"]))
        results, told = str(course.folder / "results.csv"), str(course.told)
        job = Job(simulated.base_url, simulated.key, *desk, course.barcodes, results, told)
        (course.folder / "job.json").write_bytes(msgspec.json.encode(job))
        rights = [{"Area": area, "Permissions": "RW", "Env": "P"} for area in ("Bibs", "Conf")]
        keys = {"SIM": [{"API_Key": simulated.key, "Supported_APIs": rights}]}
        (course.folder / KEY_FILE).write_text(json.dumps(keys), encoding="utf-8")
        return self.begin_again(course)

    def begin_again(self, course: Course) -> list[str]:
        return [sys.executable, "-m", f"bench.scripts.{self.module}", str(course.folder / "job.json"), *self.extra]

    def known(self, course: Course) -> set[str]:
        return {barcode for barcode, word in read_results(course.folder / "results.csv").items() if word[:5] != "error"}

    def environment(self, course: Course) -> dict[str, str]:
        return environment_of(course.simulated, course.journal) | {"alma_api_keys": str(course.folder / KEY_FILE)}


class Own(NamedTuple):
    """almascan with a recipe; after a crash the user says resume.

    Attributes:
        name: What it is called.
        recipe: The recipe.
    """

    name: str
    recipe: str

    def begin(self, course: Course) -> list[str]:
        listed = course.folder / "list.txt"
        listed.write_text("\n".join(course.barcodes), encoding="utf-8")
        return self._command(course, "scan", str(listed), "--yes", "--recipe", self.recipe)

    def begin_again(self, course: Course) -> list[str]:
        return self._command(course, "resume", "1")

    def known(self, course: Course) -> set[str]:
        journal = Journal(course.journal, create=False)
        known = {row.barcode for row in journal.rows(1) if row.answer is not Outcome.NOT_TRIED}
        journal.close()
        return known

    def environment(self, course: Course) -> dict[str, str]:
        return environment_of(course.simulated, course.journal) | {
            "ALMASCAN_RATE": str(course.rate),
            "ALMASCAN_SETTLE_SECONDS": str(course.settle_seconds),
        }

    def _command(self, course: Course, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bench.task", str(course.told), "command", *arguments]


CONTESTANTS: tuple[Contestant, ...] = (
    Script("a script, one after another", "naive", ("1",)),
    Script("the same, 10 threads (the vendor's tool)", "naive", ("10",)),
    Script("the same, 25 threads", "naive", ("25",)),
    Script("the same, 25 threads, patient after 429", "naive", ("25", "patient")),
    Script("almapiwrapper in a loop", "almapiwrapper_loop"),
    Script("almapy in a loop", "almapy_loop", ("loop",)),
    Script("almapy, all at once", "almapy_loop", ("gather",)),
    Own("almascan, transit", "transit"),
    Own("almascan, any", "any"),
)
