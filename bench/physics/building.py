"""What the building does to a plate: footfalls, compressor, air curtain, temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.physics.hands import band_noise, samples
from bench.physics.parameters import GRID_S, RoomFigures
from bench.physics.plate import PlateMechanics

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Building:
    """The building's doings over one recording; each plate feels its own share of them."""

    floor_g: Signal  # footfalls, on the force grid, before the plate answers
    hum_g: Signal  # compressor, likewise
    air_curtain_g: float
    temperature_k: Signal  # over the start, a value a second

    @classmethod
    def draw(cls, figures: RoomFigures, duration_s: float, rng: np.random.Generator) -> Building:
        """The doings of one recording."""
        n = round(duration_s / GRID_S) + 1
        return cls(
            floor_g=_footfalls(figures, n, rng),
            hum_g=_compressor(figures, n, rng),
            air_curtain_g=figures.air_curtain_g.draw(rng),
            temperature_k=_temperature(figures, duration_s, rng),
        )

    def on_plate(self, plate: PlateMechanics, goods_g: float, rng: np.random.Generator) -> Signal:
        """Weight (g) that the building adds to one plate, on the force grid."""
        n = len(self.floor_g)
        out = np.zeros(n)
        shaken = self.floor_g * rng.uniform(0.5, 1.5) + self.hum_g * rng.uniform(0.6, 1.4)
        if shaken.any():
            kernel = plate.kernel(0, goods_g, samples(plate.ring_s(goods_g)))
            m = 1 << (n + len(kernel) - 1).bit_length()
            out += np.fft.irfft(np.fft.rfft(shaken, m) * np.fft.rfft(kernel, m), m)[:n]
        if self.air_curtain_g > 0:
            out += self.air_curtain_g * rng.uniform(0.6, 1.4) * band_noise(n, 0.1, 3.0, rng)
        return out


def _footfalls(figures: RoomFigures, n: int, rng: np.random.Generator) -> Signal:
    out = np.zeros(n)
    duration_s = n * GRID_S
    for _ in range(rng.poisson(figures.walks_per_min.draw(rng) * duration_s / 60.0)):
        start_s, cadence_hz = rng.uniform(-3.0, duration_s), figures.footfall_hz.draw(rng)
        peak_g, floor_hz = figures.footfall_g.draw(rng), figures.footfall_floor_hz.draw(rng)
        damping = rng.uniform(0.04, 0.12)
        t = np.arange(samples(0.4)) * GRID_S
        burst = np.exp(-damping * 2 * np.pi * floor_hz * t) * np.sin(2 * np.pi * floor_hz * t)
        steps = int(rng.integers(4, 14))
        for k in range(steps):
            near = np.exp(-0.5 * ((k - steps / 2) / (0.3 * steps)) ** 2)  # somebody walks past
            at = round((start_s + (k + rng.normal(0, 0.03)) / cadence_hz) / GRID_S)
            lo, hi = max(at, 0), min(at + len(burst), n)
            if lo < hi:
                out[lo:hi] += peak_g * near * rng.uniform(0.7, 1.3) * burst[lo - at : hi - at]
    return out


def _compressor(figures: RoomFigures, n: int, rng: np.random.Generator) -> Signal:
    amplitude_g = figures.compressor_g.draw(rng)
    out = np.zeros(n)
    if amplitude_g <= 0:
        return out
    hum_hz, at_s, duration_s = figures.compressor_hz.draw(rng), -float(rng.uniform(0, 60)), n * GRID_S
    while at_s < duration_s:
        lo, hi = max(round(at_s / GRID_S), 0), min(round((at_s + rng.uniform(30, 120)) / GRID_S), n)
        if lo < hi:
            t = np.arange(hi - lo) * GRID_S
            kick = figures.compressor_kick.draw(rng) * np.exp(-t / 0.15) if at_s >= 0 else np.zeros(hi - lo)
            out[lo:hi] += amplitude_g * (1.0 + kick) * np.sin(2 * np.pi * hum_hz * t)
        at_s = max(hi, 1) * GRID_S + float(rng.uniform(20, 120))
    return out


def _temperature(figures: RoomFigures, duration_s: float, rng: np.random.Generator) -> Signal:
    t = np.arange(int(duration_s) + 2, dtype=np.float64)
    phase, period_s = rng.uniform(0, 2 * np.pi), figures.temperature_period_s.draw(rng)
    swing = figures.temperature_k.draw(rng) * np.sin(2 * np.pi * t / period_s + phase)
    return np.asarray(swing - swing[0], dtype=np.float64)
