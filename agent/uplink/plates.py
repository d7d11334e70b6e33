"""The retained plate topics: on change, at most twice a second. Pure."""

from __future__ import annotations

from agent.messages import PlateState

PERIOD_S = 0.5
RESOLUTION_G = 1.0  # of the display: below it a weight has not changed for a reader


class PlateBoard:
    """Holds what each plate shows and what was last published of it."""

    def __init__(self) -> None:
        self._now: dict[str, PlateState] = {}
        self._sent: dict[str, tuple[float, PlateState]] = {}

    def seen(self, plate: str, state: PlateState) -> None:
        """A plate as it stands."""
        self._now[plate] = state

    def forget_sent(self) -> None:
        """The broker may have lost what it retained: all is due again."""
        self._sent.clear()

    def due(self, t_s: float) -> list[tuple[str, PlateState]]:
        """What to publish at `t_s` (any clock that runs on)."""
        due = []
        for plate, state in self._now.items():
            at_s, sent = self._sent.get(plate, (t_s - PERIOD_S, None))
            if t_s - at_s >= PERIOD_S and (sent is None or _differs(sent, state)):
                self._sent[plate] = (t_s, state)
                due.append((plate, state))
        return due


def _differs(old: PlateState, new: PlateState) -> bool:
    if (old.weight_g is None) != (new.weight_g is None):
        return True
    if old.weight_g is not None and new.weight_g is not None and abs(old.weight_g - new.weight_g) >= RESOLUTION_G:
        return True
    return (old.stable, old.contents, old.quality) != (new.stable, new.contents, new.quality)
