"""What ``scan`` and ``plan`` refuse of an order before anything is asked of Alma."""

from pathlib import Path

import pytest
from tests.cli.invocation import environment, invoke

from almascan.errors import ExitCode

DESK = ["--library", "MAIN", "--desk", "CIRC"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Nothing says where to scan: give --library and --desk, or put them in a profile"),
        ([*DESK, "--done"], "that it is done, go with a department"),
        ([*DESK, "--allow", "on-lone"], 'no such reason to allow as "on-lone". Did you mean "on-loan"?'),
        ([*DESK, "--recipe", "any", "--locate", "set"], "Leave one of the two out"),
        ([*DESK, "--then-desk", "LAW/"], "The desk of the second step is"),
    ],
)
def test_an_order_that_cannot_be_followed_is_a_sentence(tmp_path: Path, options: list[str], sentence: str) -> None:
    for command in ("scan", "plan"):
        result = invoke([command, "--barcodes", "30112001", *options], environment(tmp_path))
        assert result.exit_code == ExitCode.USAGE
        assert sentence in result.stderr
