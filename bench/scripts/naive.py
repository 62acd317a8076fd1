"""The script that everyone starts with, alone or in threads: ``python -m bench.scripts.naive JOB THREADS [patient]``.

It looks the barcode up, which ``requests`` follows to the item, takes the ids from there, and posts the scan: three
requests, without a pace. An item that fails is noted, and the next one is tried. With ten threads it does what the
vendor's own tool does. A patient one waits a second after an answer 429 and asks again, as long as it takes.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import requests

from bench.scripts.job import Job, Results, run_job

TIMEOUT_SECONDS = 60
PATIENCE_SECONDS = 1.0


def scan_in(job: Job, barcode: str, *, is_patient: bool) -> str:
    """Scan an item in; return its base status."""
    found = ask("GET", f"{job.base_url}/items", job, {"item_barcode": barcode}, is_patient=is_patient)
    mms_id, holding_id = found["bib_data"]["mms_id"], found["holding_data"]["holding_id"]
    address = f"{job.base_url}/bibs/{mms_id}/holdings/{holding_id}/items/{found['item_data']['pid']}"
    desk = {"op": "scan", "library": job.library, "circ_desk": job.circ_desk}
    scanned = ask("POST", address, job, desk, is_patient=is_patient)
    return str(scanned["item_data"]["base_status"]["desc"])


def ask(method: str, address: str, job: Job, query: dict[str, str], *, is_patient: bool) -> dict[str, Any]:
    """Send a request; return its answer, which is an error where the status says so."""
    headers = {"Authorization": f"apikey {job.key}", "Accept": "application/json"}
    while True:
        answer = requests.request(method, address, params=query, headers=headers, timeout=TIMEOUT_SECONDS)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS and is_patient:
            time.sleep(PATIENCE_SECONDS)
            continue
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


def work(job: Job, results: Results, threads: int, *, is_patient: bool) -> None:
    """Scan the list in, so many items at once."""

    def scan_one(barcode: str) -> None:
        try:
            results.note(barcode, scan_in(job, barcode, is_patient=is_patient))
        except requests.RequestException as error:
            results.note(barcode, f"error: {error}")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(scan_one, job.barcodes))


if __name__ == "__main__":
    run_job(lambda job, results: work(job, results, int(sys.argv[2]), is_patient="patient" in sys.argv[3:]))
