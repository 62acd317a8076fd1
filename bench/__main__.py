"""Runs the benches: ``python -m bench [NAME ...]``; without a name all of them, one after another."""

import importlib
import os
import platform
import sys

BENCHES = {
    "start": "the start of the command line",
    "memory": "loading a million rows, memory and resume",
    "journal": "recording intents and answers",
    "processor": "processor time per item",
    "pace": "the share of Alma's limit that is used",
    "kills": "kill -9 at random moments",
}


def main() -> int:
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"No such bench: {', '.join(unknown)}. There are: {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}")
    for name in names:
        print(f"\n== {name}: {BENCHES[name]} (python -m bench.{name})\n", flush=True)
        sys.argv = [f"bench.{name}"]
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
