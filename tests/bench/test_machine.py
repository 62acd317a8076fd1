"""What is told of the machine that figures are measured on."""

import sys

import pytest
from bench.machine import ProcessorTime, percent_used, processor_time


def test_the_share_of_the_processors_that_was_in_use_is_that_between_two_moments() -> None:
    assert percent_used(ProcessorTime(100, 1000), ProcessorTime(250, 1200)) == 75
    assert percent_used(None, ProcessorTime(250, 1200)) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it in this way")
def test_a_processor_that_works_is_in_use() -> None:
    before = now = processor_time()
    assert before is not None
    while now is not None and now.whole < before.whole + 20:
        now = processor_time()
    used = percent_used(before, now)
    assert used is not None
    assert 10 < used <= 100
