"""A simulated Alma on this machine, for demonstrations, tests and other people's clients.

``Simulator`` runs one in a thread; ``almascan simulator`` runs one in a process. The layers, from the inside:
``identifiers``, ``titles``, ``seed`` and ``institution`` are the made-up data; ``items``, ``catalogue``, ``sets`` (with
``transit``) and ``reports`` the state; ``scan`` what a scan does; ``thresholds`` the limits; ``answers``, ``set_answers``,
``rowset`` and ``markup`` what is answered; ``bodies`` what is sent; ``operations``, ``set_operations``,
``member_operations``, ``report_operations``, ``mapping_tables`` and ``gateway`` the API as plain functions; ``faults``, ``application`` and ``server`` the network; ``control`` the
control plane. It shares no code with almascan's client, so that one misreading of Alma does not hide in both.
"""

from almascan.simulator.config import SimulatorConfig
from almascan.simulator.faults import Fault
from almascan.simulator.gateway import Gateway, Reply
from almascan.simulator.server import Simulator

__all__ = ["Fault", "Gateway", "Reply", "Simulator", "SimulatorConfig"]
