"""What a server does once everything that it needs is loaded."""

import gc


def settle() -> None:
    """Takes what is loaded by now for what stays, so that the garbage collector doesn't look through it again.

    Each of its full rounds holds the interpreter, and with it the event loop, for a quarter of a second.

    So does this one. `coach chat` calls it before the first page, but `coach serve` when it is warm, and it answers by
    then: requests of that moment wait once, and of what they have in hand, cycles are never collected.
    """
    gc.collect()
    gc.freeze()
