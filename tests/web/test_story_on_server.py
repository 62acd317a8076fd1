"""The page on a fleet's journal: it works there as on a file, and leaves what is queued to the workers that are there."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.chromium import NEEDS_CHROMIUM
from tests.waiting import wait_until
from tests.web.browser import Visitors, expect_count, expect_state, paste, preview, start
from tests.web.server_process import ServerProcess

from almascan.journal import Journal
from almascan.journal.workers import Report
from almascan.model import RunState
from almascan.simulator import Simulator

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def page_on_server(tmp_path: Path, alma: Simulator, server: str, visitors: Visitors) -> Iterator[ServerProcess]:
    variables = {"ALMASCAN_RATE": "100", "ALMASCAN_JOURNAL": server, "XDG_DATA_HOME": str(tmp_path / "data")}
    with ServerProcess(tmp_path, alma, variables=variables) as process:
        yield process
        visitors.close()


def test_a_batch_is_scanned_on_the_page_and_watched_in_a_terminal(
    visitors: Visitors, page_on_server: ServerProcess, alma: Simulator
) -> None:
    barcodes = alma.barcodes("in_transit", 12)
    page = visitors.enter(page_on_server.link)
    paste(page, barcodes, "A few")
    preview(page)
    start(page)
    expect_state(page, "finished")
    expect_count(page, "In place", 12)
    assert alma.scans() == dict.fromkeys(barcodes, 1)
    page.get_by_role("link", name="In place").first.click()
    page.locator("tbody tr a").first.click()
    expect(page.get_by_text("Scan 1 is sent to").first).to_be_visible()
    assert "A few" in page_on_server.command("runs").stdout


def test_what_is_queued_is_left_to_the_workers_that_are_there(
    visitors: Visitors, page_on_server: ServerProcess, alma: Simulator, server: str, tmp_path: Path
) -> None:
    with closing(Journal(server)) as journal:
        journal.enlist_worker("w1", "a machine", "1")
        (tmp_path / "list.txt").write_text("\n".join(alma.barcodes("in_transit", 3)), encoding="utf-8")
        queued = page_on_server.command("scan", str(tmp_path / "list.txt"), "--queue", "--yes")
        assert queued.returncode == 0, queued.stderr
        visitors.enter(page_on_server.link)
        ended = time.monotonic() + 5
        while time.monotonic() < ended:
            journal.hear_worker("w1", Report())
            assert journal.run(1).state is RunState.QUEUED
            time.sleep(0.2)
        journal.dismiss_worker("w1")
        wait_until(lambda: journal.run(1).state is RunState.FINISHED, "the run has ended")
