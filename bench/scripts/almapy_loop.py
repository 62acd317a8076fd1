"""almapy's look-up and scan: ``python -m bench.scripts.almapy_loop JOB loop|gather``.

``loop`` does one item after another, ``gather`` hands all items to the client at once, which paces them itself to 25
requests a second. The client is unchanged; its session is given the base URL, as its documentation offers.
"""

import asyncio
import sys

import niquests
from almapy import AlmaClient
from almapy.exceptions import AlmapyError

from bench.scripts.job import Job, Results, run_job


async def scan_one(alma: AlmaClient, job: Job, results: Results, barcode: str) -> None:
    """Scan an item in, and note its base status."""
    try:
        item = await alma.bibs.get_item(barcode)
        scanned = await alma.bibs.scan_in(
            item.bib_data.mms_id,
            item.holding_data.holding_id,
            item.item_data.pid,
            library=job.library,
            circ_desk=job.circ_desk,
        )
        results.note(barcode, f"{scanned.item_data.base_status.desc}")
    except AlmapyError as error:
        results.note(barcode, f"error: {error}")


async def work(job: Job, results: Results, *, at_once: bool) -> None:
    """Scan the list in."""
    async with niquests.AsyncSession(base_url=job.base_url) as session, AlmaClient(job.key, client=session) as alma:
        if at_once:
            await asyncio.gather(*(scan_one(alma, job, results, barcode) for barcode in job.barcodes))
            return
        for barcode in job.barcodes:
            await scan_one(alma, job, results, barcode)


if __name__ == "__main__":
    run_job(lambda job, results: asyncio.run(work(job, results, at_once=sys.argv[2] == "gather")))
