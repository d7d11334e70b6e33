"""Figures of one channel: rate, noise, what repeats, what saturates, what jumps, where the mains are heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.sources.capture import Conversions
from agent.wire import SATURATED_HIGH, SATURATED_LOW

_MAD_TO_SIGMA = 1.4826
_WILD_SIGMAS = 25.0
_LEAST = 8  # conversions for any statistic
_LEAST_FOR_SPECTRUM = 200
_PARTS = 10  # means over which slow movement is judged


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """What a channel showed. Counts as they came; times on the board's clock.

    `noise_counts` is one conversion's standard deviation (from first differences, so slow movement does not count),
    `repeated_share` of conversions equal to the one before, `wild_share` of those that leave both neighbours,
    `interval_spread` the deviation of the times between conversions over their mean, `line_hz`, `line_counts` the
    strongest oscillation and its amplitude, `line_share` its part of the variance.
    """

    conversions: int
    rate_hz: float
    missing_share: float
    longest_gap_s: float
    mean_counts: float
    noise_counts: float
    range_counts: float
    saturated_share: float
    repeated_share: float
    distinct: int
    wild_share: float
    drift_counts_per_s: float
    drift_sigma: float
    step_counts: float
    interval_spread: float = 0.0
    line_hz: float = 0.0
    line_counts: float = 0.0
    line_share: float = 0.0


def channel_figures(rows: Conversions, channel: int, span_s: float) -> ChannelFigures:
    """Figures of `channel` over `span_s` seconds of listening."""
    there = rows.present[:, channel]
    t_s, counts = rows.t_s[there], rows.counts[there, channel].astype(np.float64)
    n = len(counts)
    missing = 1.0 - n / len(there) if len(there) else 1.0
    if n < _LEAST:
        mean = float(counts.mean()) if n else 0.0
        return ChannelFigures(n, n / max(span_s, 1.0), missing, span_s, mean, 0, 0, 0, 0, n, 0, 0, 0, 0)
    saturated = (counts >= SATURATED_HIGH) | (counts <= SATURATED_LOW)
    step = np.diff(counts)
    noise = float(_MAD_TO_SIGMA * np.median(np.abs(step - np.median(step))) / np.sqrt(2))
    whole, wild = _without_wild(counts, noise)
    drift, sigma, leap = _slow(t_s, whole, noise)
    span = float(t_s[-1] - t_s[0])
    rate = (n - 1) / span if span > 0 else 0.0
    line = _line(whole, rate)
    return ChannelFigures(
        conversions=n,
        rate_hz=rate,
        missing_share=missing,
        longest_gap_s=float(np.diff(t_s).max()),
        mean_counts=float(np.median(whole)),
        noise_counts=noise,
        range_counts=float(np.ptp(counts)),
        saturated_share=float(saturated.mean()),
        repeated_share=float((step == 0).mean()),
        distinct=len(np.unique(counts)),
        wild_share=float(wild.mean()),
        drift_counts_per_s=drift,
        drift_sigma=sigma,
        step_counts=leap,
        interval_spread=float(np.diff(t_s).std() / np.diff(t_s).mean()) if span > 0 else 0.0,
        line_hz=line[0],
        line_counts=line[1],
        line_share=line[2],
    )


def alias_hz(true_hz: float, rate_hz: float) -> float:
    """Where an oscillation appears that is sampled too slowly."""
    return abs(true_hz - rate_hz * round(true_hz / rate_hz)) if rate_hz > 0 else 0.0


def _without_wild(counts: NDArray[np.float64], noise: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Each conversion that leaves both neighbours is replaced by their mean."""
    wild = np.zeros(len(counts), np.bool_)
    up, down = counts[1:-1] - counts[:-2], counts[1:-1] - counts[2:]
    limit = max(_WILD_SIGMAS * noise, 50.0)
    wild[1:-1] = (np.abs(up) > limit) & (np.abs(down) > limit) & (up * down > 0)
    wild[1:-1] &= np.abs(counts[2:] - counts[:-2]) < 0.5 * np.minimum(np.abs(up), np.abs(down))
    whole = counts.copy()
    at = np.flatnonzero(wild)
    whole[at] = (counts[at - 1] + counts[at + 1]) / 2
    return whole, wild


def _slow(t_s: NDArray[np.float64], counts: NDArray[np.float64], noise: float) -> tuple[float, float, float]:
    """Drift (counts/s), by how many deviations it stands out, and the largest step between tenths (counts)."""
    parts = np.array_split(counts, _PARTS)
    means = np.array([np.median(part) for part in parts])
    middles = np.array([part.mean() for part in np.array_split(t_s, _PARTS)])
    slope = float(np.polyfit(middles - middles.mean(), means, 1)[0])
    sigma_mean = 1.25 * max(noise, 1.0) / np.sqrt(len(parts[0]))
    sigma_slope = sigma_mean / np.sqrt(((middles - middles.mean()) ** 2).sum())
    return slope, abs(slope) / float(sigma_slope), float(np.abs(np.diff(means)).max())


def _line(counts: NDArray[np.float64], rate_hz: float) -> tuple[float, float, float]:
    """Frequency, amplitude and share of the variance of the strongest oscillation above 2 Hz."""
    n = len(counts)
    if n < _LEAST_FOR_SPECTRUM or rate_hz <= 0:
        return 0.0, 0.0, 0.0
    index = np.arange(n)
    level = counts - np.polyval(np.polyfit(index, counts, 2), index)
    window = np.hanning(n)
    power = np.abs(np.fft.rfft(level * window)) ** 2
    hz = np.fft.rfftfreq(n, 1.0 / rate_hz)
    power[hz < 2.0] = 0.0
    total = float(power.sum())
    if total <= 0.0:
        return 0.0, 0.0, 0.0
    peak = int(power.argmax())
    around = power[max(peak - 2, 0) : peak + 3].sum()
    amplitude = 2.0 * float(np.sqrt(power[peak])) / float(window.sum())
    return float(hz[peak]), amplitude, float(around) / total
