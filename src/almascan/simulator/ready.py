"""What somebody who wants to use a simulated Alma needs to know: address, keys, desks and barcodes to try."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from almascan.simulator import institution
from almascan.simulator.application import Application
from almascan.simulator.gateway import Gateway
from almascan.simulator.items import STATES
from almascan.simulator.reports import COLUMNS
from almascan.simulator.routes import BASE_PATH
from almascan.simulator.sets import SEEDED_SETS
from almascan.simulator.tenant import Tenant

BARCODES_OF_A_STATE = 100


def describe(application: Application, tenant: Tenant, address: str) -> dict[str, Any]:
    """Describe a simulated Alma at ``address`` (scheme, host and port) to a user of one of its institutions.

    Returns:
        Address, keys, desks, sets and reports, up to 100 barcodes of every state, and the codes and keys of all
        institutions.
    """
    gateway = tenant.gateway
    return {
        "base_url": f"{address}{BASE_PATH}",
        "keys": gateway.keyring.keys,
        "institution": gateway.identity.code,
        "library": institution.LIBRARY,
        "circ_desk": institution.CIRC_DESK,
        "department": institution.DEPARTMENT,
        "other_library": institution.OTHER_LIBRARY,
        "other_circ_desk": institution.OTHER_CIRC_DESK,
        "sets": list(SEEDED_SETS),
        "reports": list(COLUMNS),
        "barcodes": {
            state: list(gateway.catalogue.barcodes(state, BARCODES_OF_A_STATE)) for state in (*STATES, "unknown")
        },
        "institutions": [_describe_institution(each.gateway) for each in application.tenants],
    }


def _describe_institution(gateway: Gateway) -> dict[str, Any]:
    return {"code": gateway.identity.code, "name": gateway.identity.name, "keys": gateway.keyring.keys}


def write_ready_file(path: Path, description: dict[str, Any]) -> None:
    """Write the description whole or not at all, so that who waits for the file never reads half of it.

    Raises:
        OSError: If the file cannot be written.
    """
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(description, file, indent=1, ensure_ascii=False)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
