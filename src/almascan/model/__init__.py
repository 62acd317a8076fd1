"""The words of almascan as frozen types and tables; no I/O, no clock.

What each word means is in ``docs/glossary.md``. A fact of the domain (which states a row goes through, what an
outcome is called and what to do about it, what a recipe scans) stands here once, and the code, the screen, the
reports and the documentation all read it here.
"""

from almascan.model.item import HOME, TRANSIT_TYPES, Desk, Item, ItemIds, ScanOptions
from almascan.model.life import FINAL_STATES, STEPS, EventKind, RowState, RunState
from almascan.model.outcome import OUTCOMES, OWN_REASON, Group, Outcome, OutcomeText
from almascan.model.recipe import RECIPES, THEN_HOME, Recipe
from almascan.model.run import DEFAULT_PACE, Action, Environment, Event, Order, Row, Run, is_simulated

__all__ = [
    "DEFAULT_PACE",
    "FINAL_STATES",
    "HOME",
    "OUTCOMES",
    "OWN_REASON",
    "RECIPES",
    "STEPS",
    "THEN_HOME",
    "TRANSIT_TYPES",
    "Action",
    "Desk",
    "Environment",
    "Event",
    "EventKind",
    "Group",
    "Item",
    "ItemIds",
    "Order",
    "Outcome",
    "OutcomeText",
    "Recipe",
    "Row",
    "RowState",
    "Run",
    "RunState",
    "ScanOptions",
    "is_simulated",
]
