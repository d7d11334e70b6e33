"""What a plate's noise is at rest: every threshold is a multiple of it."""

from __future__ import annotations

import struct
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


@dataclass(frozen=True, slots=True, eq=False)
class _Paces:
    """How much of blocks counts, `shares` [blocks], and of what was known before, `keep` [blocks]; the first `cold` of
    them come while one block alone is believed."""

    shares: NDArray[np.float64]
    keep: list[float]
    cold: int

    def followed(self, value: float, moved: NDArray[np.float64], first: int = 0) -> list[float]:
        """`value` before each of some blocks from `first` on and after the last: kept in part, and `moved` [k] by each.

        One after the other, for each is rounded; numbers of Python and of numpy are the same doubles.
        """
        keep = self.keep[first : first + len(moved)] if first or len(moved) < len(self.keep) else self.keep
        return [value, *[value := share * value + by for share, by in zip(keep, moved.tolist(), strict=True)]]


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
        self._sigma_of = self._wander_of = np.empty(0)  # of which deviations are known: they are asked for often
        self._sigma_g = self._sigma_g2 = self._wander_g = self._sigma_of
        self.rate_hz = 0.0

    @property
    def sigma_g(self) -> NDArray[np.float64]:
        """[modes]; nobody writes to it."""
        if self._sigma_of is not self._variance:
            self._sigma_of = self._variance
            self._sigma_g = np.sqrt(np.maximum(self._variance, self.floor_g**2))
            self._sigma_g2 = self._sigma_g**2
        return self._sigma_g

    @property
    def sigma_g2(self) -> NDArray[np.float64]:
        """Its square [modes]; nobody writes to it."""
        return self._sigma_g2 if self._sigma_of is self._variance else self.sigma_g**2

    @property
    def wander_g(self) -> NDArray[np.float64]:
        """[modes]; nobody writes to it."""
        if self._wander_of is not self._wander:
            self._wander_of = self._wander
            self._wander_g = np.sqrt(self._wander)
        return self._wander_g

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
        """What `learn` would make of the blocks of [blocks, modes] steps from `begin` on, one after the other."""
        end = begin + len(step_g)
        counts = outlook.count[begin:end]
        span_s = outlook.span_ns[begin:end] * _NS
        learnt = self._blocks + np.arange(len(counts))
        shares = np.minimum(np.maximum(1.0 / (learnt + 1), span_s / self._p.noise_memory_s), 1.0)
        paces = _Paces(shares, (1 - shares).tolist(), int(np.count_nonzero(learnt < _WARM_BLOCKS)))
        half = step_g**2 / 2
        variances, wanders = np.empty((2, len(self._variance), len(counts) + 1))
        for mode, (variance, wander) in enumerate(zip(self._variance.tolist(), self._wander.tolist(), strict=True)):
            variances[mode] = self._variances(variance, outlook.variance[begin:end, mode], paces)
            wanders[mode] = self._wanders(wander, half[:, mode], variances[mode, 1:] / counts, paces)
        rate_hz = (counts - 1) / span_s
        if not self._blocks and len(rate_hz):
            rates = [self.rate_hz, *paces.followed(float(rate_hz[0]), shares[1:] * rate_hz[1:], 1)]
        else:
            rates = paces.followed(self.rate_hz, shares * rate_hz)
        known_ahead = variances.T
        return NoiseAhead(known_ahead, wanders.T, np.sqrt(np.maximum(known_ahead, self.floor_g**2)), rates)

    def _variances(self, variance: float, seen: NDArray[np.float64], paces: _Paces) -> NDArray[np.float64]:
        """Variance of one mode before each block and after the last, of which blocks show `seen` [blocks]."""
        growth = self._p.noise_growth
        known = paces.followed(variance, paces.shares * seen)
        out = _doubles(known)
        odd = growth * out[paces.cold : -1] < seen[paces.cold :]
        if not odd.any():
            return out
        first = int(np.argmax(odd)) + paces.cold  # from here on, what is known is less than that
        rest = paces.shares[first:].tolist(), paces.keep[first:], seen[first:].tolist()
        variance = known[first]
        del known[first + 1 :]
        for share, keep, own in zip(*rest, strict=True):
            most = growth * variance
            variance = keep * variance + share * (most if most < own else own)
            known.append(variance)
        return _doubles(known)

    def _wanders(
        self, wander: float, half: NDArray[np.float64], of_mean: NDArray[np.float64], paces: _Paces
    ) -> NDArray[np.float64]:
        """The same of wander, where half a step's square is `half` [blocks], of which noise explains `of_mean`."""
        growth = self._p.noise_growth
        excess = np.maximum(half - of_mean, 0.0)
        limit = growth * of_mean
        far = excess > limit  # few; only there it matters what is known
        odd = zip(paces.shares[far].tolist(), excess[far].tolist(), limit[far].tolist(), strict=True)
        moved: list[float | None] = (paces.shares * excess).tolist()
        for block in np.flatnonzero(far).tolist():
            moved[block] = None

        def capped() -> float:
            share, own, least = next(odd)
            most = growth * wander
            most = least if least > most else most
            counts: float = share * (most if most < own else own)
            return counts

        pairs = zip(paces.keep, moved, strict=True)
        return _doubles([wander, *[wander := keep * wander + (capped() if by is None else by) for keep, by in pairs]])

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


def _doubles(values: list[float]) -> NDArray[np.float64]:
    """The same [n]; that is three times as quick as to have numpy look at each."""
    return np.frombuffer(struct.pack(f"{len(values)}d", *values))
