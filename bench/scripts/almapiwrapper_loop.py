"""almapiwrapper's look-up and scan, one item after another: ``python -m bench.scripts.almapiwrapper_loop JOB``.

The client is unchanged but for its hosts, which are attributes of its classes; its file of keys is named by the
environment variable ``alma_api_keys``.
"""

from almapiwrapper.inventory import Item  # type: ignore[import-untyped]  # the client has no types
from almapiwrapper.record import Record  # type: ignore[import-untyped]  # the client has no types

from bench.scripts.job import Job, Results, run_job

ZONE = "SIM"


def work(job: Job, results: Results) -> None:
    """Scan the list in."""
    Record.api_base_url = job.base_url
    Item.api_base_url_items = f"{job.base_url}/items"
    for kind in (Record, Item):
        kind.api_base_url_bibs = f"{job.base_url}/bibs"
    for barcode in job.barcodes:
        item = Item(barcode=barcode, zone=ZONE, env="P")
        if not item.error:
            item.scan_in(job.library, job.circ_desk)
        results.note(barcode, f"error: {item.error_msg}" if item.error else "scanned")


if __name__ == "__main__":
    run_job(work)
