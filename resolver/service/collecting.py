"""When Python looks for cycles. What the core knows lives for an hour and has none; a busy resolver would spend a tenth
of its time, in pauses of a tenth of a second, on looking through it again and again."""

from __future__ import annotations

import gc

EVERY_S = 600.0
"""The page leaves a few cycles behind (an error, a closed connection): so often they are cleared away."""


class Collector:
    """Python's collector of cycles, by the clock instead of by counts."""

    def __init__(self, now_s: float) -> None:
        self._next_s = now_s + EVERY_S
        gc.disable()
        gc.freeze()

    def look(self, now_s: float) -> bool:
        """Collect where it is time; what is still alive then is not looked at again, and goes by its last reference."""
        if now_s < self._next_s:
            return False
        self._next_s = now_s + EVERY_S
        gc.collect()
        gc.freeze()
        return True
