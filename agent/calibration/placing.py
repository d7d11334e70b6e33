"""The guided walk of one weight over a plate: empty, then at each place, lifted off in between. Hands free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.calibration.stillness import Stillness
from agent.store import Plate

_TOWARDS_CELL = (
    0.6  # places lie so far from the middle towards a cell: safe to stand on, far enough to tell cells apart
)
_VERIFY = (0.5, -0.35)  # of the half spans from the middle: a place that no other equals
_NEAR_G, _NEAR_SHARE = 30.0, 0.005  # of the zero of before, or of the rated load: a plate that is empty, and drift
_CLEAR_S, _SAME_G = 6.0, 5.0  # who takes things off pauses for less
_ON, _OFF = 0.5, 0.15  # of the weight, by the calibration before: it is on, it is off again


@dataclass(frozen=True, eq=False)
class Placement:
    """What the weight changed at one place: `gain_counts` [cells] with standard errors; where it was to stand."""

    place_mm: tuple[float, float]
    gain_counts: NDArray[np.float64]
    sigma_counts: NDArray[np.float64]


def places_of(plate: Plate, *, verify: bool = True) -> list[tuple[float, float]]:
    """Where the weight is to stand: the middle, towards each cell, and one place more that only tests."""
    xs = np.array([cell.x_mm for cell in plate.cells])
    ys = np.array([cell.y_mm for cell in plate.cells])
    x0, y0 = float(xs.mean()), float(ys.mean())
    places = [(x0, y0)]
    if len(xs) > 1:
        places += [
            (x0 + _TOWARDS_CELL * (x - x0), y0 + _TOWARDS_CELL * (y - y0))
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
        ]
    if verify:
        places.append((x0 + _VERIFY[0] * float(np.ptp(xs)) / 2, y0 + _VERIFY[1] * float(np.ptp(ys)) / 2))
    return places


class PlacementWatch:
    """Follows the walk. `expects` is what the person is to do next; `done` when all places were seen."""

    def __init__(
        self,
        plate: Plate,
        weight_g: float,
        places: list[tuple[float, float]],
        stillness: Stillness | None = None,
        *,
        empty: bool = True,
    ) -> None:
        """`empty`: the plate is being cleared first; else what stands there stays."""
        self._clearing = empty
        self._near_g = max(_NEAR_G, _NEAR_SHARE * plate.max_g)
        self._zero_before = np.array([cell.zero_counts for cell in plate.cells])
        self._stood: tuple[float, float] | None = None  # since when (s) the plate has carried this much (g)
        self._per_gram = np.array([cell.counts_per_gram for cell in plate.cells])
        self._weight_g = weight_g
        self._places = places
        self._still = stillness or Stillness(self._per_gram)
        self.zero_counts: NDArray[np.float64] | None = None  # [cells], as it was before the first weight
        self._empty: NDArray[np.float64] | None = None
        self._empty_sigma = np.zeros(len(plate.cells))
        self._on = False
        self._taken = False  # this standing of the weight has been read
        self._pending: Placement | None = None
        self.placements: list[Placement] = []
        self.unquiet = ""

    @property
    def done(self) -> bool:
        """Every place was seen, and the weight is off again."""
        return len(self.placements) == len(self._places)

    @property
    def expects(self) -> str:
        """One of "empty", "place" and "lift"."""
        if self._empty is None:
            return "empty"
        return "lift" if self._taken else "place"

    @property
    def next_place(self) -> tuple[float, float]:
        """Where the weight is to stand next, or stands."""
        return self._places[min(len(self.placements), len(self._places) - 1)]

    def feed(self, t_s: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
        """Rows [n, cells] that follow the last; hand them in as they come, a few at a time."""
        self._still.feed(t_s, counts)
        latest = self._still.latest
        if latest is None or self.done:
            return
        if self._empty is None:
            self._take_empty(float(t_s[-1]) if len(t_s) else None)
            return
        share = abs(float(((latest - self._empty) / self._per_gram).sum())) / self._weight_g
        if not self._on and share > _ON:
            self._on, self._taken = True, False
            self._still.clear()
        elif self._on and share < _OFF:
            self._on = False
            self._still.clear()
        elif self._on and not self._taken:
            self._take_loaded()
        elif not self._on and self._taken:
            self._take_lifted()

    def _take_empty(self, now_s: float | None) -> None:
        if not self._still.full or now_s is None:
            return
        reading = self._still.reading()
        self.unquiet = reading.unquiet
        if not reading.unquiet and self._cleared(now_s, reading.counts):
            self._empty, self._empty_sigma = reading.counts, reading.sigma_counts
            self.zero_counts = reading.counts

    def _cleared(self, now_s: float, counts: NDArray[np.float64]) -> bool:
        """Near the zero of before, or nothing has gone for a while: the zero of a plate that is still being cleared
        would be wrong, that of a new plate is not known."""
        load_g = float(((counts - self._zero_before) / self._per_gram).sum())
        if not self._clearing or abs(load_g) < self._near_g:
            return True
        if self._stood is None or abs(load_g - self._stood[1]) > _SAME_G:
            self._stood = now_s, load_g
        if now_s - self._stood[0] >= _CLEAR_S:
            return True
        self.unquiet = f"{load_g:.0f} g by the zero of before; taken as empty where nothing goes for {_CLEAR_S:.0f} s"
        return False

    def _take_loaded(self) -> None:
        if not self._still.full:
            return
        reading = self._still.reading()
        self.unquiet = reading.unquiet
        if reading.unquiet:
            return
        assert self._empty is not None
        sigma = np.hypot(reading.sigma_counts, self._empty_sigma)
        self._pending = Placement(self.next_place, reading.counts - self._empty, sigma)
        self._taken = True

    def _take_lifted(self) -> None:
        """The weight is off: what the cells read now is half of the zero against which it stood."""
        if not self._still.full:
            return
        reading = self._still.reading()
        self.unquiet = reading.unquiet
        if reading.unquiet:
            return
        assert self._empty is not None and self._pending is not None
        moved = reading.counts - self._empty
        pending = self._pending
        self.placements.append(Placement(pending.place_mm, pending.gain_counts - moved / 2, pending.sigma_counts))
        self._empty, self._empty_sigma = reading.counts, reading.sigma_counts
        self._taken, self._pending = False, None
