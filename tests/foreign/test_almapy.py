"""almapy, the Bodleian's client, unchanged: its session is given the base URL, as its documentation offers."""

import niquests
import pytest
from almapy import AlmaClient
from almapy.exceptions import BarcodeNotFoundError

from almascan.simulator import Simulator


async def test_almapy_finds_an_item_by_barcode_and_scans_it_in(simulator: Simulator) -> None:
    barcode = simulator.barcodes("in_transit", 1)[0]
    async with (
        niquests.AsyncSession(base_url=simulator.base_url) as session,
        AlmaClient(simulator.keys["full"], client=session) as alma,
    ):
        item = await alma.bibs.get_item(barcode)
        assert item.item_data.process_type.value == "TRANSIT"
        scanned = await alma.bibs.scan_in(
            item.bib_data.mms_id,
            item.holding_data.holding_id,
            item.item_data.pid,
            library=simulator.library,
            circ_desk=simulator.circ_desk,
        )
    assert scanned.item_data.base_status.value == "1"
    assert simulator.scans() == {barcode: 1}
    assert simulator.stats()["in_house_uses"] == 0


async def test_almapy_reads_what_is_wrong_with_a_barcode(simulator: Simulator) -> None:
    async with (
        niquests.AsyncSession(base_url=simulator.base_url) as session,
        AlmaClient(simulator.keys["full"], client=session) as alma,
    ):
        with pytest.raises(BarcodeNotFoundError):
            await alma.bibs.get_item(simulator.barcodes("unknown", 1)[0])
