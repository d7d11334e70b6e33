"""A block of rest of many plates at once: what each plate's detector would see and learn, in columns of plates.

All sums run in the order in which a detector alone adds up its rows, so that how many plates are looked at together
never shows in a single bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.detection.noise import NoiseState
from agent.detection.parameters import DetectionParameters
from agent.detection.plate import PlateDetector

_NS = 1e-9


class RestTogether:
    """One block of several plates of as many modes, more than one. `still` [plates]: which of them rest in it."""

    def __init__(
        self,
        detectors: Sequence[PlateDetector],
        t_ns: Sequence[NDArray[np.int64]],
        z: NDArray[np.float64],
        parameters: DetectionParameters,
    ) -> None:
        """`t_ns` of each plate's rows, `z` [rows, plates, modes] with anything behind a plate's last. The detectors
        must be `foreseeable`."""
        p = parameters
        self._detectors, self._t_ns, self._z = detectors, t_ns, z
        count = np.array([len(own) for own in t_ns])
        span_ns = np.array([int(own[-1]) - int(own[0]) for own in t_ns])
        absent = np.arange(len(z))[:, np.newaxis] >= count
        state = [detector.noise.state for detector in detectors]
        base = np.array([detector.block_mean for detector in detectors])
        variance, wander = np.array([s.variance for s in state]), np.array([s.wander for s in state])
        z[absent] = 0.0
        self._mean: NDArray[np.float64] = np.add.reduce(z, axis=0) / count[:, np.newaxis]
        seen = _spread(z, self._mean, absent, count)
        self._noise = _learnt(p, state, variance, wander, seen, count, span_ns, self._mean - base)
        floor = np.array([[detector.noise.floor_g**2] for detector in detectors])
        self.sigma_g: NDArray[np.float64] = np.sqrt(np.maximum(variance, floor))
        row, mean = _farthest(z - base, absent, p.mean_samples)
        spread = np.sqrt(self.sigma_g**2 / p.mean_samples + np.sqrt(wander) ** 2)
        gone = (row > p.departure_sigmas * self.sigma_g) | (mean > p.mean_departure_sigmas * spread)
        enough = (count >= max(p.block_samples, p.mean_samples)) & (span_ns >= p.block_ns * 3 // 4)
        self.still: NDArray[np.bool_] = enough & ~np.logical_or.reduce(gone, axis=1)

    def accept(self, plate: int) -> None:
        """The plate rested in this block."""
        variance, wander, rate_hz = self._noise
        t_ns = self._t_ns[plate]
        noise = NoiseState(0, variance[plate], wander[plate], float(rate_hz[plate]))
        self._detectors[plate].accept_block(t_ns, self._z[: len(t_ns), plate], self._mean[plate], noise)


def _spread(
    z: NDArray[np.float64], mean: NDArray[np.float64], absent: NDArray[np.bool_], count: NDArray[np.int64]
) -> NDArray[np.float64]:
    off = z - mean
    off *= off
    off[absent] = 0.0
    result: NDArray[np.float64] = np.add.reduce(off, axis=0) / np.maximum(count - 1, 1)[:, np.newaxis]
    return result


def _farthest(
    off: NDArray[np.float64], absent: NDArray[np.bool_], samples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The farthest row, and the farthest mean of `samples` rows, [plates, modes] each."""
    off[absent] = 0.0
    width = len(off)
    row = np.maximum.reduce(np.abs(off), axis=0)
    if width < samples:
        return row, np.zeros_like(row)
    total = off[samples - 1 :].copy()
    for k in range(1, samples):
        total += off[samples - 1 - k : width - k]
    total[absent[samples - 1 :]] = 0.0
    return row, np.maximum.reduce(np.abs(total, out=total), axis=0) / samples


def _learnt(
    p: DetectionParameters,
    state: Sequence[NoiseState],
    variance: NDArray[np.float64],
    wander: NDArray[np.float64],
    seen: NDArray[np.float64],
    count: NDArray[np.int64],
    span_ns: NDArray[np.int64],
    step_g: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """`RestNoise.learn` for every plate: variance and wander [plates, modes], rate [plates]."""
    blocks = np.array([s.blocks for s in state])
    span_s = np.maximum(span_ns, 1) * _NS
    share = np.minimum(np.maximum(1.0 / (blocks + 1), span_s / p.noise_memory_s), 1.0)[:, np.newaxis]
    keep = 1 - share
    most = p.noise_growth * variance
    after = keep * variance + share * np.where((blocks >= NoiseState.WARM)[:, np.newaxis] & (most < seen), most, seen)
    of_mean = after / count[:, np.newaxis]
    excess = np.maximum(step_g**2 / 2 - of_mean, 0.0)
    wandered = keep * wander + share * np.minimum(excess, p.noise_growth * np.maximum(wander, of_mean))
    rate = (count - 1) / span_s
    known = np.array([s.rate_hz for s in state])
    return after, wandered, np.where(blocks > 0, keep[:, 0] * known + share[:, 0] * rate, rate)
