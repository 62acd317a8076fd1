"""Several institutions behind one address: the key says which is meant, and nothing of one shows in another."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from almascan.simulator import Simulator, SimulatorConfig
from almascan.simulator.access import Institution

from .test_command import started

THREE = SimulatorConfig(institutions=3, items=1000, seed=7, per_second=0)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(THREE) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


def ask(simulator: Simulator, key: str, path: str, method: str = "GET", **params: str) -> requests.Response:
    headers = {"Authorization": f"apikey {key}", "Accept": "application/json"}
    url = f"{simulator.base_url}{path}"
    return requests.request(method, url, params=params, headers=headers, timeout=60, allow_redirects=False)


def scan(simulator: Simulator, institution: Institution, barcode: str, key: str = "full") -> requests.Response:
    mms_id, holding_id, pid = institution.ids(barcode)
    path = f"/bibs/{mms_id}/holdings/{holding_id}/items/{pid}"
    place = {"library": institution.library, "circ_desk": institution.circ_desk}
    return ask(simulator, institution.keys[key], path, "POST", op="scan", **place)


def control(simulator: Simulator, path: str, **params: str) -> requests.Response:
    return requests.get(f"{simulator.control_url}/{path}", params=params, timeout=60)


def test_one_institution_has_the_code_and_keys_that_a_simulator_always_had(simulator: Simulator) -> None:
    first = simulator.institutions[0]
    assert (first.code, first.keys["full"]) == ("01SIM_INST", "l8xxsimulatorfull")
    assert (simulator.institution, simulator.keys) == (first.code, first.keys)
    assert [each.code for each in simulator.institutions] == ["01SIM_INST", "02SIM_INST", "03SIM_INST"]
    assert simulator.institutions[1].keys["read_only"] == "l8xxsimulator02readonly"
    assert len({key for each in simulator.institutions for key in each.keys.values()}) == 18


def test_the_key_says_which_institution_is_meant_in_the_header_or_in_the_query(simulator: Simulator) -> None:
    for each in simulator.institutions:
        assert each.code in ask(simulator, each.keys["full"], "/conf/test").text
        query = {"apikey": each.keys["full"]}
        assert each.code in requests.get(f"{simulator.base_url}/conf/test", params=query, timeout=60).text
        general = ask(simulator, each.keys["full"], "/conf/general").json()
        assert general["institution"]["value"] == each.code
    assert "UNAUTHORIZED" in ask(simulator, "l8xxsimulator04full", "/conf/test").text


def test_the_items_of_one_are_unknown_to_the_others(simulator: Simulator) -> None:
    first, second, _ = simulator.institutions
    barcode = second.barcodes("in_transit", 1)[0]
    assert ask(simulator, second.keys["full"], "/items", item_barcode=barcode).status_code == 302
    assert ask(simulator, first.keys["full"], "/items", item_barcode=barcode).status_code == 400
    assert len({each.ids(each.barcodes("in_transit", 1)[0])[0][-4:] for each in simulator.institutions}) == 3


def test_a_scan_counts_where_it_happened(simulator: Simulator) -> None:
    _, second, third = simulator.institutions
    barcode = second.barcodes("in_transit", 1)[0]
    assert scan(simulator, second, barcode).status_code == 200
    assert (simulator.scans(), second.scans(), third.scans()) == ({}, {barcode: 1}, {})
    assert control(simulator, "counts", institution=second.code).json() == {barcode: 1}
    assert control(simulator, "stats").json()["scans"] == 0
    assert control(simulator, f"items/{barcode}", institution=second.code).json()["scans"] == 1
    assert control(simulator, f"items/{barcode}").status_code == 404
    assert control(simulator, "stats", institution="99SIM_INST").status_code == 404


def test_the_rights_of_keys_hold_in_every_institution(simulator: Simulator) -> None:
    second = simulator.institutions[1]
    barcode = second.barcodes("in_transit", 1)[0]
    assert "UNAUTHORIZED" in scan(simulator, second, barcode, "read_only").text
    assert second.scans() == {}


def test_each_has_a_limit_of_its_own() -> None:
    with Simulator(SimulatorConfig(institutions=2, items=1000, per_second=0, per_minute=2)) as simulator:
        first, second = simulator.institutions
        answers = [ask(simulator, first.keys["full"], "/conf/test").status_code for _ in range(3)]
        assert answers == [200, 200, 429]
        assert ask(simulator, second.keys["full"], "/conf/test").status_code == 200
        assert (first.stats()["refused"], second.stats()["refused"]) == (1, 0)


def test_a_fault_and_a_set_belong_to_one_institution(simulator: Simulator) -> None:
    first, second, _ = simulator.institutions
    second.add_fault("error", operation="test", status=503)
    assert ask(simulator, first.keys["full"], "/conf/test").status_code == 200
    assert ask(simulator, second.keys["full"], "/conf/test").status_code == 503
    requests.post(
        f"{simulator.base_url}/conf/sets",
        params={"apikey": second.keys["full"]},
        json={"name": "mine", "type": {"value": "ITEMIZED"}, "content": {"value": "ITEM"}},
        timeout=60,
    ).raise_for_status()
    assert "mine" in second.sets()
    assert "mine" not in first.sets()


def test_a_reset_can_be_of_one_institution(simulator: Simulator) -> None:
    _, second, third = simulator.institutions
    for each in (second, third):
        scan(simulator, each, each.barcodes("in_transit", 1)[0])
    requests.post(f"{simulator.control_url}/reset", params={"institution": second.code}, timeout=60).raise_for_status()
    assert (len(second.scans()), len(third.scans())) == (0, 1)
    requests.post(f"{simulator.control_url}/reset", timeout=60).raise_for_status()
    assert third.scans() == {}


@pytest.mark.parametrize("institutions", [0, 201])
def test_a_number_of_institutions_that_the_ids_cannot_tell_apart_is_refused(institutions: int) -> None:
    with pytest.raises(ValueError, match="1 to 200 institutions"):
        SimulatorConfig(institutions=institutions)


def test_two_hundred_institutions_start_from_the_command_line(tmp_path: Path) -> None:
    options = ("--institutions", "200", "--items", "1000", "--per-second", "0")
    with started(tmp_path, *options) as (_, ready):
        last = ready["institutions"][-1]
        assert (len(ready["institutions"]), last["code"]) == (200, "200SIM_INST")
        headers = {"Authorization": f"apikey {last['keys']['full']}"}
        assert "200SIM_INST" in requests.get(f"{ready['base_url']}/bibs/test", headers=headers, timeout=60).text
