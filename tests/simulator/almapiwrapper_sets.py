"""Sets and reports by almapiwrapper, run as a program of its own because the client keeps its keys in global state.

Arguments: base URL, path of a report, and item PIDs. Its key file is named by the environment variable
``alma_api_keys``. Prints as JSON what it has seen.
"""

import json
import sys

from almapiwrapper.analytics import AnalyticsReport  # type: ignore[import-untyped]  # the client has no types
from almapiwrapper.config import ItemizedSet, NewItemizedSet  # type: ignore[import-untyped]  # the client has no types
from almapiwrapper.record import Record  # type: ignore[import-untyped]  # the client has no types


def main() -> None:
    base_url, path, *pids = sys.argv[1:]
    # The client's hosts are class attributes; these are all that is changed.
    Record.api_base_url = base_url
    AnalyticsReport.api_base_url_analytics = f"{base_url}/analytics/reports"
    NewItemizedSet(zone="SIM", env="P", name="By almapiwrapper", content="ITEM", private=True).create()
    made = ItemizedSet(zone="SIM", env="P", name="By almapiwrapper")
    made.add_members(pids, fail_on_invalid_id=False)
    members = made.get_members()
    made.delete()
    frame = AnalyticsReport(path, "SIM", "P").data
    seen = {"members": members, "columns": list(frame.columns), "rows": len(frame), "error": bool(made.error)}
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
