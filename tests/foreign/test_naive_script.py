"""The script that everyone starts with: look the barcode up, take the ids from the item, post the scan."""

import requests

from almascan.simulator import Simulator


def scan_in(base_url: str, key: str, barcode: str, library: str, circ_desk: str) -> str:
    headers = {"Authorization": f"apikey {key}", "Accept": "application/json"}
    found = requests.get(f"{base_url}/items", params={"item_barcode": barcode}, headers=headers, timeout=60)
    found.raise_for_status()
    item = found.json()
    mms_id = item["bib_data"]["mms_id"]
    holding_id = item["holding_data"]["holding_id"]
    pid = item["item_data"]["pid"]
    scanned = requests.post(
        f"{base_url}/bibs/{mms_id}/holdings/{holding_id}/items/{pid}",
        params={"op": "scan", "library": library, "circ_desk": circ_desk},
        headers=headers,
        timeout=60,
    )
    scanned.raise_for_status()
    status: str = scanned.json()["item_data"]["base_status"]["desc"]
    return status


def test_the_naive_script_scans_in_with_three_requests_an_item(simulator: Simulator) -> None:
    barcodes = simulator.barcodes("in_transit", 3)
    for barcode in barcodes:
        status = scan_in(simulator.base_url, simulator.keys["full"], barcode, simulator.library, simulator.circ_desk)
        assert status == "Item in place"
    assert simulator.scans() == dict.fromkeys(barcodes, 1)
    assert simulator.stats()["by_operation"] == {"find": 3, "read": 3, "scan": 3}
    assert simulator.stats()["in_house_uses"] == 3


def test_the_naive_script_with_its_key_in_the_query_works_too(simulator: Simulator) -> None:
    barcode = simulator.barcodes("in_transit", 1)[0]
    query = {"item_barcode": barcode, "apikey": simulator.keys["full"], "format": "json"}
    found = requests.get(f"{simulator.base_url}/items", params=query, timeout=60)
    assert found.json()["item_data"]["barcode"] == barcode
    query = {"op": "scan", "library": simulator.library, "circ_desk": simulator.circ_desk, "apikey": query["apikey"]}
    scanned = requests.post(found.json()["link"], params=query, timeout=60)
    assert scanned.text.startswith("<?xml")
    assert simulator.scans() == {barcode: 1}
