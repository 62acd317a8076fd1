"""What commands that work for long set up in their process."""

import json
import subprocess
import sys

_TELL = """
import gc, json
from almascan.cli.process import live_long
usual = gc.get_threshold()
live_long()
print(json.dumps([gc.get_freeze_count(), gc.get_threshold()[0] / usual[0], gc.isenabled()]))
"""


def test_the_garbage_collector_looks_seldom_and_no_more_through_what_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", _TELL], capture_output=True, text=True, timeout=60, check=True)
    frozen, times_as_seldom, is_enabled = json.loads(done.stdout)
    assert frozen > 1000
    assert times_as_seldom > 5
    assert is_enabled
