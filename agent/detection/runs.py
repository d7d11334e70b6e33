"""The trailing plateau: the longest stretch up to now in which the plate stood still, or only rang."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.detection.level import Level
from agent.detection.noise import RestNoise
from agent.detection.parameters import DetectionParameters
from agent.detection.ring import SAME_SHARE, Ring, RingFit, Waves
from agent.detection.trace import Trace

_NS = 1e-9
_RING_TERMS = 3
_ROWS_A_TERM = 3  # where two rings are sought at once
_RING_SPAN = 0.9  # rows seldom lie on both ends of a window


class TrailingRun:
    """Grows a plateau tick by tick; where it breaks, looks for a later beginning."""

    def __init__(self, noise: RestNoise, rings: list[Ring], parameters: DetectionParameters, *, soft: bool) -> None:
        self._noise = noise
        self._rings = rings
        self._p = parameters
        self._soft = soft
        self._begin_ns: int | None = None
        self._lately: deque[Level] = deque()  # as measured over the last of it, oldest first
        self.level: Level | None = None

    def update(self, trace: Trace, before: Level | None) -> Level | None:
        """Take the trace up to now; returns a plateau that ended with this tick, if one did."""
        now_ns = trace.end_ns
        shortest, least = self._shortest()
        ended = None
        if self._begin_ns is not None:
            level = self._fit(trace, self._begin_ns, least, before)
            if level is not None:
                self._grown(level)
                return None
            ended = self._sure_end()
        begin_ns = self._begin_ns
        broken = self.level
        self.forget()
        earliest_ns = begin_ns if begin_ns is not None else trace.opened_ns - 1
        for length_s in (shortest, *self._p.ladder_s):
            since_ns = now_ns - round(length_s / _NS)
            if since_ns <= earliest_ns:
                break  # and so would all that are longer
            if length_s < shortest:
                continue
            if trace.count(since_ns) < least:
                continue
            level = self._fit(trace, since_ns, least, before)
            if level is not None:
                self.level, self._begin_ns = level, since_ns
                self._lately = deque((level,))
            elif self.level is not None or length_s > self._p.ring_shortest_s:
                break  # what does not hold for a while does not hold for longer
        # a plateau that only lost its beginning has not ended
        if broken is not None and self.level is not None and self.level.begin_ns < broken.end_ns:
            return broken if broken.apart(self.level) > self._p.trend_sigmas else None
        return ended

    def _shortest(self) -> tuple[float, int]:
        """Seconds and conversions that a plateau has at least."""
        p = self._p
        if not self._soft:
            return p.shortest_s, p.least_samples
        slow = 0 < self._noise.rate_hz < p.slow_rate_hz
        return (p.slow_shortest_s, p.slow_least_samples) if slow else (p.soft_shortest_s, p.soft_least_samples)

    def forget(self) -> None:
        """Begin anew."""
        self._begin_ns, self.level = None, None
        self._lately.clear()

    def _grown(self, level: Level) -> None:
        """The plateau goes on."""
        self.level = level
        self._lately.append(level)
        sure_ns = level.end_ns - round(self._p.guard_s / _NS)
        while len(self._lately) > 1 and self._lately[1].end_ns <= sure_ns:
            self._lately.popleft()

    def _sure_end(self) -> Level | None:
        """The plateau up to a moment before it broke, if it rings and is long enough without: what a hand does as it
        comes is little beside a ring, and was taken for the ring's."""
        if not self._lately or self._lately[0].ring_g == 0 or self._lately[0].seconds < self._p.ring_alone_s:
            return self.level
        return self._lately[0]

    def _fit(self, trace: Trace, begin_ns: int, least: int, before: Level | None) -> Level | None:
        first_ns = max(begin_ns, trace.end_ns - round(self._p.longest_fit_s / _NS))
        t_ns, z, saturated = trace.since(first_ns)
        n = len(t_ns)
        if n < least or np.count_nonzero(saturated):  # quicker than `any`, for so few
            return None
        sigma2 = self._noise.sigma_g2
        mean = np.add.reduce(z, axis=0) / n
        residual = z - mean
        variance = np.add.reduce(residual * residual, axis=0) / (n - 1)
        tolerance = sigma2 * self._limit(n - 1)
        if self._soft and before is not None:
            return self._soft_level(trace, t_ns, mean, variance, tolerance, before, begin_ns)
        least2 = np.maximum(variance, sigma2)
        calm = variance <= tolerance
        quiet = calm.tolist()
        if any(quiet):
            calm &= ~self._trend(t_ns, residual, least2)
            quiet = calm.tolist()
        if all(quiet):
            share = least2 / n + self._noise.wander_g**2
            tremor_g, stillness_g = self._tremor(t_ns, z[:, 0], float(sigma2[0]))
            return Level(begin_ns, int(t_ns[-1]), n, mean, share, tremor_g, stillness_g)
        return self._ringing(t_ns, z, mean, variance, calm, begin_ns)

    def _ringing(
        self,
        t_ns: NDArray[np.int64],
        z: NDArray[np.float64],
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        calm: NDArray[np.bool_],
        begin_ns: int,
    ) -> Level | None:
        """A plateau that rings in some of its modes; those that are `calm` are taken as they are."""
        n, span_s = len(t_ns), int(t_ns[-1] - t_ns[0]) * _NS
        too_slow = (n - 1) < self._p.ring_least_rate_hz * span_s
        if too_slow or span_s < _RING_SPAN * self._p.ring_shortest_s or n < self._p.least_samples + _RING_TERMS:
            return None
        t_s = (t_ns - t_ns[0]) * _NS
        ringing = [mode for mode, still in enumerate(calm.tolist()) if not still]
        fits: dict[int, RingFit] = {}
        weight: tuple[float, float] | None = None  # frequency and damping of the weight's ring
        amplitude = frequency = 0.0
        for mode in ringing:
            fit = self._ring_of(mode, t_s, z[:, mode], float(mean[0]), weight, amplitude)
            if fit is None:
                return None
            fits[mode] = fit
            if mode == 0:
                weight = (fit.frequency_hz, fit.damping)
            if fit.amplitude_g > amplitude:
                amplitude, frequency = fit.amplitude_g, fit.frequency_hz
        sigma2 = self._noise.sigma_g2
        level, spread = mean.copy(), np.maximum(variance, sigma2) / n
        for mode, fit in fits.items():
            level[mode], spread[mode] = fit.level_g, fit.variance_g2
        if 0 in fits:
            moments = [fit for mode, fit in fits.items() if mode]
            tremor_g, stillness_g = self._tremor_beside(fits[0], moments, t_s, z[:, 0], float(sigma2[0]))
        else:
            tremor_g, stillness_g = self._tremor(t_ns, z[:, 0], float(sigma2[0]))
        spread = spread + self._noise.wander_g**2
        return Level(begin_ns, int(t_ns[-1]), n, level, spread, tremor_g, stillness_g, amplitude, frequency)

    def _ring_of(
        self,
        mode: int,
        t_s: NDArray[np.float64],
        z: NDArray[np.float64],
        load_g: float,
        weight: tuple[float, float] | None,
        ring_g: float,
    ) -> RingFit | None:
        """One mode as a ring; where that alone leaves too much, with those of the other modes. None: no ring.

        A moment that leaves little beside `ring_g`, the widest ring of the modes before it, is known roughly.
        """
        p, sigma2, n = self._p, float(self._noise.sigma_g[mode]) ** 2, len(t_s)
        # over a period a ring is as wide as it is high
        width_g = float(np.maximum.reduce(z) - np.minimum.reduce(z))
        rough: RingFit | None = None
        rough_g2 = 0.0 if weight is None else (p.rough_share * ring_g) ** 2
        for others in self._heard(mode, load_g, weight):
            terms = _RING_TERMS + 2 * len(others)
            if others and n < p.least_samples + _ROWS_A_TERM * terms:
                break
            noise2 = sigma2 * self._limit(n - terms)
            most_g2 = noise2 + (max(p.ring_allowed, p.ring_allowed_long) * width_g) ** 2
            fit = self._rings[mode].fit(t_s, z, math.sqrt(sigma2), load_g, others, max(most_g2, rough_g2))
            if fit is None:
                continue
            if rough is None or fit.left_g2 < rough.left_g2:
                rough = fit
            allowed = p.ring_allowed_long if fit.coherent else p.ring_allowed
            if fit.amplitude_g <= width_g and fit.left_g2 <= noise2 + (allowed * fit.amplitude_g) ** 2:
                return fit
        if rough is None or weight is None or rough.left_g2 > rough_g2:
            return None
        return replace(rough, variance_g2=rough.variance_g2 + rough.left_g2 * p.rough_variance)

    def _heard(self, mode: int, load_g: float, weight: tuple[float, float] | None) -> Iterator[Waves]:
        """Rings that may be heard in a mode beside its own: none, the weight's, all that are known."""
        yield ()
        if weight is not None:
            yield (weight,)
        own = self._rings[mode].at(load_g)
        if own is None:
            return
        known: list[tuple[float, float]] = []
        for ring in self._rings:
            hz = ring.at(load_g)
            if hz is not None and all(abs(hz / other - 1) > SAME_SHARE for other in (own, *(f for f, _ in known))):
                known.append((hz, ring.damping))
        if known and len(known) + (weight is None) > 1:
            yield tuple(known)

    def _soft_level(
        self,
        trace: Trace,
        t_ns: NDArray[np.int64],
        mean: NDArray[np.float64],
        variance: NDArray[np.float64],
        tolerance: NDArray[np.float64],
        before: Level,
        begin_ns: int,
    ) -> Level | None:
        """A plateau with a hand near; one of so few conversions that it lies between two quick movements must be
        lighter than before, for a hand that presses turns back as quickly, and must move: what does not differ at all
        was held where some were absent."""
        p, n, noise_g = self._p, len(t_ns), self._noise.sigma_g
        few = n < p.soft_least_samples
        lighter_g = before.mean[0] - mean[0]
        if few and not (lighter_g > p.departure_sigmas * noise_g[0] and variance[0]):
            return None
        allowed = ((p.slow_share if few else p.soft_share) * float(lighter_g)) ** 2
        if not (variance <= tolerance + allowed).all():
            return None
        independent = max(n / 3, 1.0)  # a hand's push lasts over several conversions
        spread = variance / independent + noise_g**2 / n + self._noise.wander_g**2
        if few:
            rows = trace.z[-n - 1 :]
            step = rows[-n] - rows[0] if len(rows) > n else rows[0] - before.mean
            spread = spread + (p.slow_settling * step) ** 2
        moved_g = float(np.sqrt(variance[0]))
        return Level(begin_ns, int(t_ns[-1]), n, mean, spread, moved_g, float(noise_g[0]), soft=True)

    def _tremor(
        self, t_ns: NDArray[np.int64], weight: NDArray[np.float64], sigma2: float
    ) -> tuple[float | None, float]:
        """Slow motion of the weight beyond its noise, from means over `tremor_s`; and the least that would show."""
        n = len(t_ns)
        rate_hz = (n - 1) / max(int(t_ns[-1] - t_ns[0]) * _NS, _NS)
        width = max(round(rate_hz * self._p.tremor_s), 1)
        count = n // width
        if count < self._p.tremor_means:
            return self._excess(_variance(weight) - sigma2, n - 1, sigma2)
        means = np.add.reduce(weight[n - count * width :].reshape(count, width), axis=1) / width
        noise2 = sigma2 / width + float(self._noise.wander_g[0]) ** 2
        moved2 = _variance(means) - noise2
        return math.sqrt(max(moved2, 0.0)), math.sqrt(noise2 * math.sqrt(2 / (count - 1)))

    def _tremor_beside(
        self,
        fit: RingFit,
        moments: list[RingFit],
        t_s: NDArray[np.float64],
        weight: NDArray[np.float64],
        sigma2: float,
    ) -> tuple[float | None, float]:
        """Motion of the weight beside its ring; where that may be a hand's, the motion left when a ring has died. Some
        of the `moments`' rings is heard in the weight."""
        n, ring = len(t_s), self._rings[0]
        known = fit.frequency_hz >= self._p.tremor_high_hz or ring.frequency_hz is not None
        dies = not known and t_s[-1] >= self._p.ring_dies_s
        faded = self._faded(fit, t_s)
        ring2 = (faded * fit.amplitude_g) ** 2
        if fit.coherent or not dies:
            # A hand moves on while a ring fades, so that what is left in the second half tells them apart.
            swung = fit.frequency_hz * float(t_s[-1])
            # in few swings its fading is not measured, but taken for what it was before
            astray = (
                self._p.ring_skew * swung / n if fit.coherent else self._p.fading_doubt * fit.damping * np.pi * swung
            )
            misfit = (self._p.ring_misfit + float(astray)) * fit.amplitude_g * faded
            heard2 = sum(self._heard_g2(moment, t_s) for moment in moments)
            seen = self._excess(fit.tail_g2 - sigma2, n - n // 2, sigma2 + misfit**2 + heard2)
            still = t_s[-1] >= self._p.ring_alone_s and seen[0] <= seen[1]
            if known or still or (fit.coherent and self._p.ring_keeps * fit.tail_g2 <= ring2 / 2):
                return seen
            if not dies:
                return None, 0.0
        tail = weight[n // 2 :]
        return self._excess(_variance(tail) - sigma2, len(tail) - 1, sigma2 + ring2)

    def _heard_g2(self, fit: RingFit, t_s: NDArray[np.float64]) -> float:
        """Mean square of what the weight shows of a moment's ring: its cells convert apart."""
        apart = self._p.moment_skew * fit.frequency_hz * float(t_s[-1]) / len(t_s)
        return (apart * fit.amplitude_g * self._faded(fit, t_s)) ** 2

    @staticmethod
    def _faded(fit: RingFit, t_s: NDArray[np.float64]) -> float:
        """Share of a ring that is left at half of a window."""
        return float(np.exp(-fit.damping * 2 * np.pi * fit.frequency_hz * t_s[len(t_s) // 2]))

    @staticmethod
    def _excess(moved2: float, freedom: int, noise2: float) -> tuple[float, float]:
        """Deviation that a variance shows beyond its noise, and the least that would show."""
        return math.sqrt(max(moved2, 0.0)), math.sqrt(noise2 * math.sqrt(2 / max(freedom, 1)))

    def _limit(self, freedom: int) -> float:
        return 1 + self._p.quiet_slack + self._p.quiet_sigmas * math.sqrt(2 / max(freedom, 1))

    def _trend(
        self, t_ns: NDArray[np.int64], residual: NDArray[np.float64], variance: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which modes [modes] slope surely."""
        centred = (t_ns - t_ns[0]) * _NS
        centred -= np.add.reduce(centred) / len(centred)
        power = float(np.add.reduce(centred * centred))
        slope = np.add.reduce(centred[:, None] * residual, axis=0) / power
        sure: NDArray[np.bool_] = np.abs(slope) > self._p.trend_sigmas * np.sqrt(variance / power)
        return sure


def _variance(values: NDArray[np.float64]) -> float:
    """`numpy.var` of values [n] with one degree of freedom less, without its overhead for few."""
    n = len(values)
    off = values - np.add.reduce(values) / n
    off *= off
    return float(np.add.reduce(off) / (n - 1))
