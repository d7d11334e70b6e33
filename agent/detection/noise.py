"""What a plate's noise is at rest: every threshold is a multiple of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from agent.detection.ahead import NoiseAhead, Outlook
from agent.detection.parameters import DetectionParameters

_NS = 1e-9
_WARM_BLOCKS = 8
_PRESUME_ROWS = 24
_PRESUME_FROM = 1.5  # times what was assumed: less than that the first rest corrects by itself
_MEDIAN_STEP = 0.954  # median difference of neighbouring normal values, in their standard deviation


@dataclass(frozen=True, slots=True, eq=False)
class NoiseState:
    """What a plate's noise is known to be after so many `blocks`: `variance` and `wander` [modes] in grams squared."""

    WARM: ClassVar[int] = _WARM_BLOCKS  # from here on, one block alone is not believed

    blocks: int
    variance: NDArray[np.float64]
    wander: NDArray[np.float64]
    rate_hz: float


class RestNoise:
    """Standard deviations in grams, by mode: `sigma_g` of a conversion, `wander_g` of the mean of a block.

    Both are slowly forgotten. `wander_g` is what remains between the means of neighbouring blocks beyond what
    `sigma_g` explains: footfalls, air curtains, drift.
    """

    def __init__(self, start_sigma_g: NDArray[np.float64], floor_g: float, parameters: DetectionParameters) -> None:
        self._p = parameters
        self.floor_g = floor_g
        self._blocks = 0
        self._start = start_sigma_g**2
        self._variance = self._start
        self._wander = np.zeros_like(start_sigma_g)
        self.rate_hz = 0.0

    @property
    def sigma_g(self) -> NDArray[np.float64]:
        result: NDArray[np.float64] = np.sqrt(np.maximum(self._variance, self.floor_g**2))
        return result

    @property
    def wander_g(self) -> NDArray[np.float64]:
        result: NDArray[np.float64] = np.sqrt(self._wander)
        return result

    @property
    def measured(self) -> bool:
        return self._blocks > 0

    def presume(self, z: NDArray[np.float64]) -> None:
        """Before any rest was seen: what neighbouring rows [n, modes] differ by, where that is far more than assumed.

        Else a plate noisier than assumed would never be quiet, and so never learn how noisy it is.
        """
        if self.measured or len(z) < _PRESUME_ROWS:
            return
        seen = (np.median(np.abs(np.diff(z, axis=0)), axis=0) / _MEDIAN_STEP) ** 2
        self._variance = np.where(seen > _PRESUME_FROM**2 * self._start, seen, self._start)

    def learn(self, block: NDArray[np.float64], step_g: NDArray[np.float64] | None, span_ns: int) -> None:
        """Take a block [n, modes] at rest that lasts `span_ns`, and the step of its mean from the block before."""
        n = len(block)
        variance = np.var(block, axis=0, ddof=1)
        share = min(max(1.0 / (self._blocks + 1), span_ns * _NS / self._p.noise_memory_s), 1.0)
        warm = self._blocks >= _WARM_BLOCKS
        capped = np.minimum(variance, self._p.noise_growth * self._variance) if warm else variance
        self._variance = (1 - share) * self._variance + share * capped
        rate_hz = (n - 1) / (span_ns * _NS) if span_ns else self.rate_hz
        self.rate_hz = rate_hz if not self._blocks else (1 - share) * self.rate_hz + share * rate_hz
        if step_g is not None:
            excess = np.maximum(step_g**2 / 2 - self._variance / n, 0.0)
            limit = self._p.noise_growth * np.maximum(self._wander, self._variance / n)
            self._wander = (1 - share) * self._wander + share * np.minimum(excess, limit)
        self._blocks += 1

    def scale(self, factor: float) -> None:
        """The plate is measured otherwise from now on: its conversions scatter so many times as much."""
        self._variance = self._variance * factor**2

    def look_ahead(self, outlook: Outlook, begin: int, step_g: NDArray[np.float64]) -> NoiseAhead:
        """What `learn` would make of the blocks of [blocks, modes] steps from `begin` on, one after the other.

        Numbers of Python and of numpy are the same doubles; mode by mode, Python's are quicker here.
        """
        end = begin + len(step_g)
        counts = outlook.count[begin:end]
        span_s = outlook.span_ns[begin:end] * _NS
        learnt = self._blocks + np.arange(len(counts))
        shares = np.minimum(np.maximum(1.0 / (learnt + 1), span_s / self._p.noise_memory_s), 1.0)
        weights = shares.tolist(), (1 - shares).tolist()
        warm = (learnt >= _WARM_BLOCKS).tolist()
        numbers = counts.tolist()
        half = step_g**2 / 2
        variances, wanders = np.empty((2, len(self._variance), len(numbers) + 1))
        for mode, (variance, wander) in enumerate(zip(self._variance.tolist(), self._wander.tolist(), strict=True)):
            seen = outlook.variance[begin:end, mode].tolist(), half[:, mode].tolist()
            variances[mode], wanders[mode] = self._run(
                variance, wander, zip(*weights, warm, numbers, *seen, strict=True)
            )
        rates = [self.rate_hz]
        for rate_hz, share, keep, known in zip(
            ((counts - 1) / span_s).tolist(), *weights, learnt.tolist(), strict=True
        ):
            rates.append(rate_hz if not known else keep * rates[-1] + share * rate_hz)
        known_ahead = variances.T
        return NoiseAhead(known_ahead, wanders.T, np.sqrt(np.maximum(known_ahead, self.floor_g**2)), rates)

    def _run(
        self, variance: float, wander: float, blocks: Iterable[tuple[float, float, bool, int, float, float]]
    ) -> tuple[list[float], list[float]]:
        """Variances of one mode before each block and after the last: `learn` for numbers."""
        growth = self._p.noise_growth
        variances, wanders = [variance], [wander]
        for share, keep, warm, n, seen, half in blocks:
            most = growth * variance
            variance = keep * variance + share * (most if warm and most < seen else seen)
            of_mean = variance / n
            excess = half - of_mean
            if excess > 0.0:
                limit = growth * (wander if wander > of_mean else of_mean)
                wander = keep * wander + share * (excess if excess < limit else limit)
            else:
                wander = keep * wander
            variances.append(variance)
            wanders.append(wander)
        return variances, wanders

    def accept(self, ahead: NoiseAhead, blocks: int) -> None:
        """Take over what was looked ahead at, up to so many blocks."""
        self._variance, self._wander = ahead.variance[blocks].copy(), ahead.wander[blocks].copy()
        self.rate_hz = ahead.rate_hz[blocks]
        self._blocks += blocks

    @property
    def state(self) -> NoiseState:
        """As it stands."""
        return NoiseState(self._blocks, self._variance, self._wander, self.rate_hz)

    def accept_block(self, state: NoiseState) -> None:
        """Take over what a block more makes of it."""
        self._variance, self._wander, self.rate_hz = state.variance, state.wander, state.rate_hz
        self._blocks += 1

    def learn_wander(self, step_g: NDArray[np.float64], tremor_g: float) -> None:
        """Take a step of the level [modes] and the slow motion of the weight that opened a contact without a hand."""
        seen = step_g**2 / 2
        seen[0] = max(seen[0], tremor_g**2)
        self._wander = self._wander + self._p.wander_share * (seen - self._wander)

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state."""
        return {
            "blocks": min(self._blocks, _WARM_BLOCKS),
            "variance": self._variance.tolist(),
            "wander": self._wander.tolist(),
            "rate_hz": self.rate_hz,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot of a plate with as many modes; another is ignored, for noise is soon learnt."""
        if len(state["variance"]) == len(self._variance):
            self._blocks = int(state["blocks"])
            self._variance = np.array(state["variance"])
            self._wander = np.array(state["wander"])
            self.rate_hz = float(state["rate_hz"])
