"""Sets and reports by other people's clients, unchanged: what they take for Alma's answers, the simulator gives."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import niquests
import pytest
from almapy import AlmaClient

from almascan.simulator import Simulator

SESSION = Path(__file__).with_name("almapiwrapper_sets.py")
MISSING = [name for name in ("almapiwrapper", "lxml", "pandas") if importlib.util.find_spec(name) is None]


async def test_almapy_makes_a_set_fills_it_reads_it_and_deletes_it(simulator: Simulator) -> None:
    before, barcodes = simulator.sets(), simulator.barcodes("in_transit", 120)
    draft = {"name": "By almapy", "type": {"value": "ITEMIZED"}, "content": {"value": "ITEM"}}
    async with (
        niquests.AsyncSession(base_url=simulator.base_url) as session,
        AlmaClient(simulator.keys["full"], client=session) as alma,
    ):
        made = await alma.config.sets.create(draft)
        filled = await alma.config.sets.manage_members(made.id, barcodes, id_type="BARCODE", op="add_members")
        pages = [await alma.config.sets.get_members(made.id, offset=offset) for offset in (0, 100)]
        assert simulator.sets() == before | {"By almapy": 120}
        await alma.config.sets.delete_set(made.id)
    assert filled.number_of_members.value == 120
    assert {member.id for page in pages for member in page.member} == {simulator.ids(one)[2] for one in barcodes}
    assert simulator.sets() == before


async def test_almapy_reads_a_report_to_its_end(simulator: Simulator) -> None:
    async with (
        niquests.AsyncSession(base_url=simulator.base_url) as session,
        AlmaClient(simulator.keys["full"], client=session) as alma,
    ):
        rows = await alma.analytics.get_full_report(simulator.report, limit=100)
    assert len({row["Barcode"] for row in rows}) == len(rows) > 300
    assert all(simulator.ids(row["Barcode"])[2] == row["Physical Item Id"] for row in rows)


@pytest.mark.skipif(bool(MISSING), reason=f"almapiwrapper needs {', '.join(MISSING)}, which are not installed")
def test_almapiwrapper_works_with_sets_and_reports_in_xml(simulator: Simulator, tmp_path: Path) -> None:
    before = simulator.sets()
    pids = [simulator.ids(barcode)[2] for barcode in simulator.barcodes("in_transit", 120)]
    areas = {"Conf": "RW", "Analytics": "R"}
    rights = [{"Area": area, "Permissions": allowed, "Env": "P"} for area, allowed in areas.items()]
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"SIM": [{"API_Key": simulator.keys["full"], "Supported_APIs": rights}]}))
    command = [sys.executable, str(SESSION), simulator.base_url, simulator.report, *pids, "2300000000000"]
    environ = os.environ | {"alma_api_keys": str(keys)}
    ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert sorted(seen["members"]) == sorted(pids)
    assert (seen["columns"][:2], seen["error"]) == (["Barcode", "MMS Id"], False)
    assert seen["rows"] > 300
    assert simulator.sets() == before
