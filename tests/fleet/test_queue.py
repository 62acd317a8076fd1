"""The queue where its database is away."""

import socket

import pytest

from almascan.fleet import queue
from almascan.fleet.queue import QueueLostError
from almascan.journal.place import Server


async def work_nothing(_run: int) -> None:
    """Take a job and do nothing."""


async def test_a_queue_whose_server_is_not_there_is_lost_and_no_defect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(QueueLostError):
        async with queue.opened(Server(f"postgresql://almascan@127.0.0.1:{port}/journal"), work_nothing):
            pytest.fail("nobody is there")
