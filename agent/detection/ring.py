"""The ring of a plate after a touch: a level plus a damped sinusoid, fitted instead of waited out.

For a trial frequency the model z(t) = c + exp(-d w t) (a cos wt + b sin wt) is linear; the frequencies of a grid are
weighed by how well they fit and by what earlier ring-downs taught, and the level is their mean. So an unknown
frequency makes the level uncertain rather than wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.detection.parameters import DetectionParameters
from agent.detection.waves import Alone, Beside, sharpened, solve

_TERMS = 3
_LEARN_RATIO = 4.0  # a ring teaches when its removal divides the variance by at least this
_LEARN_DAMPINGS = (0.015, 0.025, 0.035, 0.045, 0.055, 0.07)
_LEARN_SIGMAS = 3.0  # and when it stands so high above the noise
_LEARN_GRID = 80
SAME_SHARE = 0.03  # rings nearer than this cannot be told apart within a window
_LEARN_NEAR = 0.16
_GRID_SDS = 2.5
_STEP_SWINGS = 0.05  # two frequencies of a grid may come so far apart, in swings, by the end of a window or ring
_MOST_BETWEEN = 6
_SHARPENINGS = 2  # steps from the best of a grid to what lies between; each leaves a tenth of how far it was off
_FIRST_SD = 0.03  # relative, of a frequency read from one ring-down


Waves = tuple[tuple[float, float], ...]  # frequency in Hz and damping of each


@dataclass(frozen=True, slots=True)
class RingFit:
    """A window seen as level and ring: level and its variance, residual variance, the mean square that is left in the
    second half of the window, amplitude at the start, frequency and damping; `coherent`: the window holds so many
    swings that only a ring keeps step."""

    level_g: float
    variance_g2: float
    left_g2: float
    tail_g2: float
    amplitude_g: float
    frequency_hz: float
    damping: float
    coherent: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Sharp:
    """A ring that lies between those of a grid, as fitted."""

    frequency_hz: float
    damping: float
    solved: Alone | Beside


@dataclass(frozen=True, slots=True)
class _Tail:
    """The second half of a window: its level, the variance of that in that of a conversion, and what is left."""

    level_g: float
    unit: float
    left_g2: float


class Ring:
    """What is known of the ring of one mode of a plate: frequency and damping with their certainty."""

    def __init__(self, parameters: DetectionParameters) -> None:
        self._p = parameters
        self.frequency_hz: float | None = None
        self.load_g = 0.0  # that it was learnt with
        self.damping = parameters.ring_damping
        self._sd = 0.0  # relative
        self._wide = np.geomspace(parameters.ring_low_hz, parameters.ring_high_hz, parameters.ring_grid)

    def fit(
        self,
        t_s: NDArray[np.float64],
        z: NDArray[np.float64],
        sigma_g: float,
        load_g: float = 0.0,
        others: Waves = (),
        most_g2: float = math.inf,
    ) -> RingFit | None:
        """Fit a window of one mode; None where every frequency leaves more than `most_g2`.

        Args:
            t_s: [n] seconds from the start of the window.
            z: [n] grams.
            sigma_g: noise of a conversion at rest.
            load_g: what the plate carries.
            others: rings of other modes that are heard in this one as well: a load off the centre couples them. Where
                this mode's frequency is known, a load that shifts it shifts theirs alike.
        """
        centre = self.at(load_g)
        span_s = float(t_s[-1])
        grid = self._grid(span_s, centre)
        damping = np.full(len(grid), self.damping)
        solved = self._try(t_s, z, grid, damping, centre, others)
        best = int(solved.residual.argmin())
        near = self._between(grid, best, span_s, known=centre is not None)
        if len(near):
            grid, damping = self._dampings(near, span_s)
            solved = self._try(t_s, z, grid, damping, centre, others)
            best = int(solved.residual.argmin())
        freedom = max(len(t_s) - _TERMS - 2 * len(others), 1)
        left = float(solved.residual[best]) / freedom
        if left > most_g2:
            return None
        residual, levels = solved.residual, solved.levels
        sharp = None
        if not others and left > (1 + self._p.quiet_slack) * sigma_g**2:
            sharp = self._sharpened(t_s, z, float(grid[best]), float(damping[best]))
        if sharp is not None:
            grid, damping = np.append(grid, sharp.frequency_hz), np.append(damping, sharp.damping)
            residual, levels = np.append(residual, sharp.solved.residual), np.append(levels, sharp.solved.levels)
        misfit = residual / sigma_g**2
        misfit = misfit / max(1.0, float(misfit.min()) / len(t_s))
        score = misfit / -2 if centre is None else self._known(grid, centre) - misfit / 2
        share = np.exp(score - score.max())
        share /= np.add.reduce(share)
        level = float(share @ levels)
        best = int(share.argmax())
        detail = solved.detail(best) if sharp is None or best < len(grid) - 1 else sharp.solved.detail(0)
        left = float(residual[best]) / freedom
        spread = float(share @ (levels - level) ** 2)
        hz, fades = float(grid[best]), float(damping[best])
        coherent = self._coherent(hz, span_s)
        late = detail.apart[len(t_s) // 2 :] ** 2
        tail = float(np.add.reduce(late)) / len(late)
        unit, moved = detail.unit, left
        if coherent and tail > (1 + self._p.quiet_slack) * sigma_g**2:
            alone = self._tail_alone(t_s, z, hz, fades)
            if alone is not None and self._p.let_go * alone.left_g2 < tail:
                level, unit, moved = alone.level_g, alone.unit, alone.left_g2
            tail = tail if alone is None else min(tail, alone.left_g2)
        over = max(moved - sigma_g**2, 0.0)
        variance = unit * (sigma_g**2 + self._p.ring_leftover * over) + spread
        variance += (self._p.ring_misfit * detail.amplitude_g) ** 2 / len(t_s)
        return RingFit(level, variance, left, tail, detail.amplitude_g, hz, fades, coherent)

    def at(self, load_g: float) -> float | None:
        """The frequency in Hz with a load: that of a mass on a spring. None: it is not known."""
        if self.frequency_hz is None:
            return None
        own_g = self._p.plate_mass_g
        return self.frequency_hz * math.sqrt((own_g + self.load_g) / (own_g + max(load_g, 0.0)))

    def learn(
        self,
        t_s: NDArray[np.float64],
        z: NDArray[np.float64],
        sigma_g: float,
        load_g: float = 0.0,
        others: Waves = (),
    ) -> None:
        """Take a ring-down [n] that began with the window; what `others` explain of it is not this mode's own."""
        least = self._without(t_s, z, others) / _LEARN_RATIO
        low, high = self._p.ring_low_hz, min(self._p.ring_high_hz, 0.45 * (len(t_s) - 1) / float(t_s[-1]))
        centre = self.at(load_g)
        wide = np.geomspace(low, high, _LEARN_GRID)
        frequency, damping, residual, amplitude = self._best(t_s, z, wide, others)
        if residual > least or amplitude < _LEARN_SIGMAS * sigma_g or amplitude > float(np.ptp(z)):
            return
        if damping == max(_LEARN_DAMPINGS) or frequency <= wide[1]:
            return  # what dies so soon or swings so slowly settled, and did not ring
        near = centre is not None and abs(frequency / centre - 1) < _LEARN_NEAR
        middle = centre if near and centre is not None else frequency
        fine = middle * np.geomspace(1 - _LEARN_NEAR, 1 + _LEARN_NEAR, 60)
        measured, damping, _, _ = self._best(t_s, z, fine, others)
        self.load_g = max(load_g, 0.0)
        seen = _FIRST_SD * 0.35 / max(float(t_s[-1]), 0.2)
        if centre is None or abs(measured / centre - 1) > 4 * (self._sd + seen):
            self.frequency_hz, self._sd, self.damping = measured, seen, damping
            return
        prior = self._doubt(centre) ** 2
        gain = prior / (prior + seen**2)
        self.frequency_hz = centre * (1 + gain * (measured / centre - 1))
        self._sd = float(np.sqrt((1 - gain) * prior))
        self.damping += 0.3 * (damping - self.damping)

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state."""
        return {"frequency_hz": self.frequency_hz, "damping": self.damping, "sd": self._sd, "load_g": self.load_g}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot."""
        self.frequency_hz, self.damping, self._sd = state["frequency_hz"], state["damping"], state["sd"]
        self.load_g = state.get("load_g", 0.0)

    def _try(
        self,
        t_s: NDArray[np.float64],
        z: NDArray[np.float64],
        grid: NDArray[np.float64],
        damping: NDArray[np.float64],
        centre: float | None,
        others: Waves,
    ) -> Alone | Beside:
        """`solve` for frequencies and dampings of this mode."""
        heard = [(hz * (grid / (centre or grid)), known) for hz, known in others]
        return solve(t_s, z, grid, damping, heard)

    def _dampings(self, grid: NDArray[np.float64], span_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Frequencies and dampings to try: where a window holds so many swings that only a ring keeps step, it also
        tells how fast it fades; in less a hand would be fitted with it."""
        if not self._coherent(float(grid.mean()), span_s):
            return grid, np.full(len(grid), self.damping)
        dampings = np.array(sorted({*_LEARN_DAMPINGS[:-1:2], self.damping}))
        return np.repeat(grid, len(dampings)), np.tile(dampings, len(grid))

    def _sharpened(self, t_s: NDArray[np.float64], z: NDArray[np.float64], hz: float, damping: float) -> _Sharp | None:
        """A ring between those of a grid, from the best of them; None where the window does not tell both frequency and
        damping, or they come to what no ring has."""
        span_s = float(t_s[-1])
        for _ in range(_SHARPENINGS):
            if not self._coherent(hz, span_s):
                return None
            hz, damping = sharpened(t_s, z, hz, damping)
            if not _LEARN_DAMPINGS[0] / 2 < damping < _LEARN_DAMPINGS[-1]:
                return None
        return _Sharp(hz, damping, solve(t_s, z, np.array([hz]), np.array([damping])))

    def _tail_alone(self, t_s: NDArray[np.float64], z: NDArray[np.float64], hz: float, damping: float) -> _Tail | None:
        """The second half of a window with a level and ring of its own: a hand that let go in the first spoils what is
        fitted to both. None where it is so short that a hand might be fitted with them."""
        t_s, z = t_s[len(t_s) // 2 :], z[len(t_s) // 2 :]
        if t_s[-1] - t_s[0] < self._p.ring_alone_s:
            return None
        solved = solve(t_s - t_s[0], z, np.array([hz]), np.array([damping]))
        left_g2 = float(solved.residual[0]) / (len(t_s) - _TERMS)
        return _Tail(float(solved.levels[0]), solved.detail(0).unit, left_g2)

    def _between(self, grid: NDArray[np.float64], best: int, span_s: float, *, known: bool) -> NDArray[np.float64]:
        """Frequencies about the best of a grid; none where the grid itself is fine enough for the window: what swings
        often in it must be known well, or its end does not fit. While no ring is `known`, what swings as slowly as a
        hand is sought so finely only where it keeps step for long."""
        slow = not known and float(grid[best]) < self._p.tremor_high_hz
        if len(grid) < 2 or (slow and not self._coherent(float(grid[best]), span_s)):
            return grid[:0]
        swings = min(float(grid[best]) * span_s, 1 / (np.pi * self.damping))
        step = float(grid[1] / grid[0]) - 1
        if step * swings < 2 * _STEP_SWINGS:
            return grid[:0]
        count = min(round(step * swings / _STEP_SWINGS), _MOST_BETWEEN)
        return float(grid[best]) * (1 + step * np.arange(-count, count + 1) / count)

    def _coherent(self, frequency_hz: float, span_s: float) -> bool:
        return frequency_hz * span_s >= self._p.coherent_swings

    def _known(self, grid: NDArray[np.float64], centre: float) -> NDArray[np.float64]:
        """The logarithm of what is known of each frequency."""
        known: NDArray[np.float64] = -(((grid / centre - 1) / self._doubt(centre)) ** 2) / 2
        return known

    def _grid(self, span_s: float, centre: float | None) -> NDArray[np.float64]:
        """Frequencies to try at first."""
        if centre is None:
            grid = self._wide[self._wide * span_s > 1.0]
            return grid if len(grid) else self._wide[-1:]
        sd = self._doubt(centre)
        steps = np.linspace(-_GRID_SDS, _GRID_SDS, self._p.ring_grid_learnt)
        learnt: NDArray[np.float64] = centre * (1 + sd * steps)
        return learnt

    def _doubt(self, centre: float) -> float:
        """Relative standard deviation of the frequency, expected at `centre`."""
        by_load = self._p.load_doubt * (centre / (self.frequency_hz or centre) - 1)
        return math.sqrt(self._sd**2 + self._p.ring_memory**2 + by_load**2)

    def _best(
        self, t_s: NDArray[np.float64], z: NDArray[np.float64], grid: NDArray[np.float64], others: Waves
    ) -> tuple[float, float, float, float]:
        """Of a grid of frequencies, each with the usual dampings: the one that leaves least; frequency, damping,
        residual sum of squares, amplitude."""
        if others:
            apart = np.array([all(abs(hz / other - 1) > SAME_SHARE for other, _ in others) for hz in grid])
            grid = grid[apart] if apart.any() else grid
        dampings = np.array(_LEARN_DAMPINGS)
        frequency, damping = np.repeat(grid, len(dampings)), np.tile(dampings, len(grid))
        heard = [(np.array([hz]), known) for hz, known in others]
        solved = solve(t_s, z, frequency, damping, heard, each=len(dampings))
        k = int(solved.residual.argmin())
        return float(frequency[k]), float(damping[k]), float(solved.residual[k]), solved.detail(k).amplitude_g

    def _without(self, t_s: NDArray[np.float64], z: NDArray[np.float64], others: Waves) -> float:
        """Residual sum of squares of a level and the rings of others alone."""
        if not others:
            return float(np.var(z)) * len(z)
        (hz, damping), *more = others
        heard = [(np.array([other]), known) for other, known in more]
        return float(solve(t_s, z, np.array([hz]), np.array([damping]), heard).residual[0])
