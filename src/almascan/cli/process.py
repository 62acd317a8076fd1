"""What a command that works for long sets up in its process, which is its own."""

import gc

_YOUNG_OBJECTS = 20_000
_ROUNDS = 20


def live_long() -> None:
    """Have Python's garbage collector look seldom, and never again through what is loaded by now.

    Of a worker at full rate it took a sixth of the processor (docs/numbers.md, "The fleet"), and stopped it for moments
    in which requests came too late: nearly everything here is freed without it, by counting references. To be called
    when what the process needs is loaded; a program that imports almascan decides for itself.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _ROUNDS, _ROUNDS)
