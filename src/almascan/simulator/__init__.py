"""A simulated Alma on this machine, for demonstrations, tests and other people's clients.

``Simulator`` runs one in a thread; ``almascan simulator`` runs one in a process. The layers, from the inside:

- the settings: ``config``, and ``readings`` with the names of what may turn out the other way;
- made-up data: ``identifiers``, ``titles``, ``seed``, ``institution`` and ``languages``;
- the state: ``items``, ``catalogue``, ``sets`` (with ``transit``), ``reports`` and ``ledger``; ``scan`` is what a scan
  does to it, ``thresholds`` are the limits, ``keys`` the rights;
- what is sent and answered: ``bodies``, ``answers``, ``set_answers``, ``rowset``, ``refusals``, ``shapes``, ``markup``;
- the API as plain functions: ``operations``, ``item_listing``, ``set_operations``, ``member_operations``,
  ``report_operations``, ``mapping_tables``, ``routes`` and ``gateway``; ``conformance`` says what there is not;
- the network: ``faults``, ``delivery``, ``tenant``, ``application`` and ``server``;
- what Alma does not have: ``control``, ``access`` and ``ready``.

It shares no code with almascan's client, so that one misreading of Alma does not hide in both.
"""

from almascan.simulator.access import Institution
from almascan.simulator.config import SimulatorConfig
from almascan.simulator.faults import Fault
from almascan.simulator.gateway import Gateway, Reply
from almascan.simulator.server import Simulator

__all__ = ["Fault", "Gateway", "Institution", "Reply", "Simulator", "SimulatorConfig"]
