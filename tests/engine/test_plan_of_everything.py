"""A plan over every state there is decides as the recipes say; the expectation is worked out from the simulator's state."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from tests.engine.conftest import Bench

from almascan.model import Outcome, RunState
from almascan.simulator.items import STATES

OWN = {
    "LOAN": "on-loan",
    "HOLDSHELF": "hold-shelf",
    "MISSING": "missing",
    "LOST_LOAN": "lost",
    "LOST_LOAN_AND_PAID": "lost",
    "LOST_ILL": "lost",
    "CLAIM_RETURNED_LOAN": "claimed-returned",
    "ILL": "resource-sharing",
    "WORK_ORDER_DEPARTMENT": "work-order",
    "ACQ": "acquisition",
    "TECHNICAL": "technical",
}
TRANSIT = {"TRANSIT", "TRANSIT_TO_REMOTE_STORAGE"}


def expected(item: Mapping[str, Any], recipe: str, served: set[str]) -> str:  # noqa: PLR0911 - the reasons, in their order
    """Work the decision out: the first reason of the fixed order, or "scan"."""
    process = item["process_type"]
    in_place = (process in ("", "REQUESTED") and item["base_status"] == "1") or (
        process == "" and item["awaiting_reshelving"]
    )
    scanned = {
        "transit": process in TRANSIT,
        "returns": process in TRANSIT | {"LOAN", "", "REQUESTED"},
        "found": process == "MISSING",
        "work-order": process == "WORK_ORDER_DEPARTMENT",
        "send": process == "" and in_place,
    }[recipe]
    library, location = (item["temp_library"] or item["library"]), (item["temp_location"] or item["location"])
    if process in OWN and not scanned:
        return OWN[process]
    if (item["requested"] or process == "REQUESTED") and recipe != "returns":
        return "requested"
    if recipe == "transit" and (library != "MAIN" or location not in served):
        return "other-library"
    if scanned:
        return "scan"
    if in_place and recipe != "send":
        return "already-in-place"
    if process in TRANSIT and recipe == "send":
        return "already-on-its-way"
    return "not-expected"


@pytest.mark.parametrize("recipe", ["transit", "returns", "found", "work-order", "send"])
async def test_a_plan_over_every_state_decides_as_the_recipe_says(bench: Bench, recipe: str) -> None:
    chance = Random(11)
    barcodes = sorted({barcode for state in STATES for barcode in bench.simulator.barcodes(state, 60)})
    chosen = chance.sample(barcodes, 500)
    for barcode in chosen[:60]:
        change: dict[str, Any] = chance.choice(
            [
                {"requested": True},
                {"temp_library": "SCI", "temp_location": "scistacks"},
                {"process_type": "TRANSIT_TO_REMOTE_STORAGE"},
                {"process_type": "", "base_status": "0"},
                {"process_type": "", "base_status": "0", "awaiting_reshelving": True},
                {"library": "LAW", "location": "lawstacks"},
                {"process_type": "LOST_ILL"},
            ]
        )
        bench.simulator.change(barcode, **change)
    served = set(_served(bench))
    await bench.plan(chosen, bench.order(recipe))
    items = {barcode: bench.simulator.item(barcode) for barcode in chosen}
    wrong = {}
    for barcode, answer in bench.answers().items():
        decided = "scan" if answer is Outcome.NOT_TRIED else str(answer)
        if decided != expected(items[barcode], recipe, served):
            wrong[barcode] = (decided, expected(items[barcode], recipe, served), items[barcode])
    assert wrong == {}
    assert len(bench.answers()) == 500
    assert bench.simulator.scans() == {}
    to_scan = {barcode for barcode, answer in bench.answers().items() if answer is Outcome.NOT_TRIED}
    while (await bench.resume()).run.state is RunState.PAUSED:  # the first twenty rows can all end alike
        continue
    assert set(bench.simulator.scans()) == to_scan


def _served(bench: Bench) -> tuple[str, ...]:
    from almascan.simulator.institution import LIBRARIES  # noqa: PLC0415 - the simulator's own table

    return LIBRARIES["MAIN"].desks[bench.simulator.circ_desk].locations
