"""The script that everyone starts with, alone or with a pool of threads: ``python -m bench.scripts.naive JOB THREADS``.

It looks the barcode up, which ``requests`` follows to the item, takes the ids from there, and posts the scan: three
requests, without a pace. An item that fails is noted, and the next one is tried. With ten threads it does what the
vendor's own tool does.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.scripts.job import Job, Results, run_job

TIMEOUT_SECONDS = 60


def scan_in(job: Job, barcode: str) -> str:
    """Scan an item in; return its base status."""
    headers = {"Authorization": f"apikey {job.key}", "Accept": "application/json"}
    found = requests.get(
        f"{job.base_url}/items", params={"item_barcode": barcode}, headers=headers, timeout=TIMEOUT_SECONDS
    )
    found.raise_for_status()
    item = found.json()
    mms_id, holding_id = item["bib_data"]["mms_id"], item["holding_data"]["holding_id"]
    scanned = requests.post(
        f"{job.base_url}/bibs/{mms_id}/holdings/{holding_id}/items/{item['item_data']['pid']}",
        params={"op": "scan", "library": job.library, "circ_desk": job.circ_desk},
        headers=headers,
        timeout=TIMEOUT_SECONDS,
    )
    scanned.raise_for_status()
    return str(scanned.json()["item_data"]["base_status"]["desc"])


def work(job: Job, results: Results, threads: int) -> None:
    """Scan the list in, so many items at once."""

    def scan_one(barcode: str) -> None:
        try:
            results.note(barcode, scan_in(job, barcode))
        except requests.RequestException as error:
            results.note(barcode, f"error: {error}")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(scan_one, job.barcodes))


if __name__ == "__main__":
    run_job(lambda job, results: work(job, results, int(sys.argv[2])))
