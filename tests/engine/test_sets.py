"""Lists from Alma itself, and barcodes found through a temporary set."""

from pathlib import Path

import pytest
from tests.engine.conftest import Bench

from almascan.alma import Alma, Pacer, Timeouts
from almascan.alma.analytics import report
from almascan.alma.answers import Answer
from almascan.errors import ListError, UsageError
from almascan.lists import ListOptions, fetch_report, fetch_set
from almascan.model import Order, Outcome
from almascan.run import Ended, Runner
from almascan.simulator import Simulator, SimulatorConfig

SETS = ("sets", "set_members")


def requests(bench: Bench) -> int:
    operations = bench.simulator.stats()["by_operation"]
    return sum(number for name, number in operations.items() if name not in ("test", "conf"))


async def test_a_temporary_set_finds_a_thousand_barcodes_and_is_gone_afterwards(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 600)
    before = set(bench.simulator.sets())
    # With the usual patience: what a busy machine answers late would be read again, and counted.
    ended = await bench.scan(barcodes, bench.order(locate="set", rate=1000.0), timeouts=Timeouts())
    assert ended.counts == {Outcome.IN_PLACE: 600}
    assert set(bench.simulator.sets()) == before
    assert set(bench.simulator.scans().values()) == {1}
    operations = bench.simulator.stats()["by_operation"]
    assert "find" not in operations
    assert requests(bench) / 600 <= 2.02


async def test_what_the_set_does_not_give_back_is_looked_up_singly(bench: Bench) -> None:
    barcodes = [*bench.simulator.barcodes("in_transit", 20), *bench.simulator.barcodes("unknown", 3)]
    await bench.scan(barcodes, bench.order(locate="set"))
    assert sorted(bench.answers().values()) == [Outcome.IN_PLACE] * 20 + [Outcome.NOT_FOUND] * 3
    assert bench.simulator.stats()["by_operation"]["find"] == 3


async def test_a_key_that_may_not_write_sets_looks_up_singly(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 20)
    await bench.scan(barcodes, bench.order(locate="set"), key="bibs_conf_read")
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert bench.simulator.stats()["by_operation"]["find"] == 20


async def test_a_set_that_a_dead_process_left_is_deleted(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 5)
    before = set(bench.simulator.sets())
    bench.simulator.add_fault("drop", operation="sets", times=1, applied=True)
    await bench.scan(barcodes, bench.order(locate="set"))
    assert set(bench.answers().values()) == {Outcome.IN_PLACE}
    assert len(bench.simulator.sets()) == len(before) + 1
    await bench.scan(bench.simulator.barcodes("on_loan", 2), bench.order(locate="set"))
    assert set(bench.simulator.sets()) == before
    assert bench.journal.remembered_sets(bench.simulator.institution) == []


async def test_a_set_is_a_list_and_any_takes_one_request_for_each_member(bench: Bench) -> None:
    alma_set = bench.simulator.itemized_set
    ended = await bench.work(lambda runner: _scan_set(runner, alma_set, bench.order("any")))
    assert ended is not None
    members = sum(ended.counts.values())
    assert members == bench.simulator.sets()[alma_set]
    assert requests(bench) / members <= 1.02
    assert bench.simulator.stats()["by_operation"]["scan"] == members


async def _scan_set(runner: Runner, name: str, order: Order) -> Ended | None:
    return await runner.scan(await fetch_set(runner.alma, name), order)


async def test_a_set_of_titles_is_refused_with_a_sentence(bench: Bench) -> None:
    titles = next(name for name in bench.simulator.sets() if "Titles" in name)
    with pytest.raises(ListError, match="BIB_MMS"):
        await bench.work(lambda runner: fetch_set(runner.alma, titles))


async def test_an_unknown_set_names_those_that_are_near(bench: Bench) -> None:
    with pytest.raises(UsageError, match="In transit at Main"):
        await bench.work(lambda runner: fetch_set(runner.alma, "In transit"))


async def test_a_report_is_a_list_with_ids(bench: Bench) -> None:
    ended = await bench.work(lambda runner: _plan_report(runner, bench.simulator.report, bench.order()))
    assert ended is not None
    assert sum(ended.counts.values()) > 20
    assert "find" not in bench.simulator.stats()["by_operation"]
    assert ended.counts[Outcome.NOT_TRIED] > 0


async def _plan_report(runner: Runner, path: str, order: Order) -> Ended:
    return await runner.plan(await fetch_report(runner.alma, path, ListOptions()), order)


async def test_an_unknown_report_is_a_sentence(bench: Bench) -> None:
    with pytest.raises(ListError, match="no Analytics report"):
        await bench.work(lambda runner: fetch_report(runner.alma, "/nowhere", ListOptions()))


async def test_a_report_that_alma_still_prepares_is_waited_for() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    with Simulator(SimulatorConfig(items=3000, seed=5, per_second=0, report_loading_answers=3)) as simulator:
        async with Alma(simulator.base_url, simulator.keys["full"], pacer=Pacer(400)) as alma:
            fetched = await fetch_report(alma, simulator.barcodes_report, ListOptions(), sleep=sleep)
    assert len(waited) == 3
    assert waited == sorted(waited)
    assert all(entry.barcode for entry in fetched)


@pytest.mark.parametrize("name", ["analytics-report.xml", "analytics-still-loading.xml"])
def test_a_real_report_is_read(name: str) -> None:
    path = Path(__file__).resolve().parents[2] / ".." / "shared" / "captures" / name
    if not path.exists():
        pytest.skip("the captured answers of real Almas are not here")
    page = report("/x").read(Answer(200, path.read_bytes()))
    if name == "analytics-still-loading.xml":
        assert (page.is_finished, page.rows) == (False, [])
    else:
        assert page.is_finished
        assert page.headings["Column3"] == "Title"
        assert page.rows
        assert "Column0" not in page.rows[0]
