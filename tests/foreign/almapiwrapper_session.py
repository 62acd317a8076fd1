"""A session with almapiwrapper, run as a program of its own because the client keeps its keys in global state.

Arguments: base URL, barcode, library, circulation desk. Its key file is named by the environment variable
``alma_api_keys``. Prints base status and process type of the item as it is read after the scan.
"""

import sys

from almapiwrapper.inventory import Item  # type: ignore[import-untyped]  # the client has no types
from almapiwrapper.record import Record  # type: ignore[import-untyped]  # the client has no types


def main() -> None:
    base_url, barcode, library, circ_desk = sys.argv[1:]
    # The client's hosts are class attributes; these are all that is changed.
    Record.api_base_url = base_url
    Item.api_base_url_items = f"{base_url}/items"
    for kind in (Record, Item):
        kind.api_base_url_bibs = f"{base_url}/bibs"
    item = Item(barcode=barcode, zone="SIM", env="P")
    item.scan_in(library, circ_desk)
    again = Item(barcode=barcode, zone="SIM", env="P")
    sys.stdout.write(f"{again.data.findtext('.//base_status')} {again.data.findtext('.//process_type')}")


if __name__ == "__main__":
    main()
