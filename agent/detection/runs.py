"""The trailing plateau: the longest stretch up to now in which the plate stood still, or only rang."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.detection.level import Level
from agent.detection.noise import RestNoise
from agent.detection.parameters import DetectionParameters
from agent.detection.ring import Ring
from agent.detection.trace import Trace

_NS = 1e-9


class TrailingRun:
    """Grows a plateau tick by tick; where it breaks, looks for a later beginning."""

    def __init__(self, noise: RestNoise, ring: Ring, parameters: DetectionParameters, *, soft: bool) -> None:
        self._noise = noise
        self._ring = ring
        self._p = parameters
        self._soft = soft
        self._begin_ns: int | None = None
        self.level: Level | None = None

    def update(self, trace: Trace, before: Level | None) -> Level | None:
        """Take the trace up to now; returns a plateau that ended with this tick, if one did."""
        now_ns = trace.end_ns
        ended = None
        if self._begin_ns is not None:
            level = self._fit(trace, self._begin_ns, before)
            if level is not None:
                self.level = level
                return None
            ended = self.level
        begin_ns = self._begin_ns
        self.level, self._begin_ns = None, None
        shortest = self._p.soft_shortest_s if self._soft else self._p.shortest_s
        for length_s in (*reversed(self._p.ladder_s), shortest):
            since_ns = now_ns - round(length_s / _NS)
            if length_s < shortest or since_ns <= (begin_ns if begin_ns is not None else trace.opened_ns - 1):
                continue
            level = self._fit(trace, since_ns, before)
            if level is not None:
                self.level, self._begin_ns = level, since_ns
                break
        # a plateau that only lost its beginning has not ended
        if ended is not None and self.level is not None and self.level.begin_ns < ended.end_ns:
            return ended if ended.apart(self.level) > self._p.trend_sigmas else None
        return ended

    def forget(self) -> None:
        """Begin anew."""
        self._begin_ns, self.level = None, None

    def _fit(self, trace: Trace, begin_ns: int, before: Level | None) -> Level | None:
        first_ns = max(begin_ns, trace.end_ns - round(self._p.longest_fit_s / _NS))
        t_ns, z, saturated = trace.since(first_ns)
        n = len(t_ns)
        if n < self._p.least_samples or saturated.any():
            return None
        sigma2 = self._noise.sigma_g**2
        mean = z.mean(axis=0)
        residual = z - mean
        variance = (residual**2).sum(axis=0) / (n - 1)
        tolerance = sigma2 * self._limit(n - 1)
        if self._soft and before is not None:
            return self._soft_level(t_ns, mean, variance, tolerance, before, begin_ns)
        t_s = (t_ns - t_ns[0]) * _NS
        if (variance <= tolerance).all() and not self._trend(t_s, residual, np.maximum(variance, sigma2)):
            share = (np.maximum(variance, sigma2)) / n
            deviation_g = float(np.sqrt(variance[0]))
            return Level(begin_ns, int(t_ns[-1]), n, mean, share + self._noise.wander_g**2, deviation_g)
        return self._ringing(t_ns, t_s, z, sigma2, begin_ns)

    def _ringing(
        self,
        t_ns: NDArray[np.int64],
        t_s: NDArray[np.float64],
        z: NDArray[np.float64],
        sigma2: NDArray[np.float64],
        begin_ns: int,
    ) -> Level | None:
        n = len(t_ns)
        too_slow = (n - 1) < self._p.ring_least_rate_hz * t_s[-1]
        if too_slow or t_s[-1] < 0.9 * self._p.ring_shortest_s or n < self._p.least_samples + 4:
            return None
        level, variance, left, amplitude = self._ring.fit(t_s, z, np.sqrt(sigma2))
        allowed = sigma2 * self._limit(n - 3) + (self._p.ring_misfit * amplitude) ** 2
        if not (left <= allowed).all():
            return None
        deviation_g = float(np.sqrt(left[0]))
        return Level(begin_ns, int(t_ns[-1]), n, level, variance + self._noise.wander_g**2, deviation_g, amplitude)

    def _soft_level(
        self,
        t_ns: NDArray[np.int64],
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        tolerance: NDArray[np.float64],
        before: Level,
        begin_ns: int,
    ) -> Level | None:
        allowed = max(self._p.soft_share * abs(float(mean[0] - before.mean[0])), 0.0) ** 2
        if not (variance <= tolerance + allowed).all():
            return None
        n = len(t_ns)
        independent = max(n / 3, 1.0)  # a hand's push lasts over several conversions
        spread = variance / independent + self._noise.sigma_g**2 / n + self._noise.wander_g**2
        return Level(begin_ns, int(t_ns[-1]), n, mean, spread, float(np.sqrt(variance[0])), soft=True)

    def _limit(self, freedom: int) -> float:
        return 1 + self._p.quiet_slack + self._p.quiet_sigmas * float(np.sqrt(2 / max(freedom, 1)))

    def _trend(self, t_s: NDArray[np.float64], residual: NDArray[np.float64], variance: NDArray[np.float64]) -> bool:
        centred = t_s - t_s.mean()
        power = float((centred**2).sum())
        slope = (centred[:, None] * residual).sum(axis=0) / power
        return bool((np.abs(slope) > self._p.trend_sigmas * np.sqrt(variance / power)).any())
