"""Barcodes found through a temporary set."""

from tests.engine.conftest import Bench

from almascan.model import Outcome

SETS = ("sets", "set_members")


def requests(bench: Bench) -> int:
    operations = bench.simulator.stats()["by_operation"]
    return sum(number for name, number in operations.items() if name not in ("test", "conf"))


async def test_a_temporary_set_finds_a_thousand_barcodes_and_is_gone_afterwards(bench: Bench) -> None:
    barcodes = bench.simulator.barcodes("in_transit", 600)
    before = set(bench.simulator.sets())
    ended = await bench.scan(barcodes, bench.order(locate="set", rate=1000.0))
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
