"""From where on something is wrong. All that depends on a cell's size is in grams or in shares of the noise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DiagnosisParameters:
    """Limits of a sound shelf."""

    rate_tolerance: float = 0.25  # the chips' own oscillators are off by up to 12 %
    regular_spread: float = 0.4  # of the intervals: a chip of another rate is even, a loose wire is not
    missing_share: float = 0.05  # a sound channel loses below 1 % of its conversions
    loose_share: float = 0.02  # jumps and lone saturated words; sound boards show up to 1 %
    stuck_distinct: int = 3  # different values in all: a live chip's lowest bits never rest
    noise_counts: float = 1200.0  # eight times what sound modules show at 80 SPS
    noise_g: float = 6.0  # a conversion; beyond it units of 50 g are lost in it
    hum_share: float = 0.5  # of the variance in one line
    hum_sigmas: float = 3.0  # its amplitude against the rest of the noise
    hum_tolerance_hz: float = 0.3  # grids hold within 0.1 Hz, the rate is measured to 0.1 Hz
    mains_hz: tuple[float, ...] = (50.0, 60.0)
    supply_mv: int = 4500  # the regulator of the modules needs 4.3 V and its drop
    line_error_share: float = 0.002  # of the frames
    span_share_of_scale: float = 0.97  # of full scale: a little more load saturates it
    touch_g: float = 40.0  # steps of the plate's weight within the capture
    drift_g_per_min: float = 12.0  # a warm cell after a refill creeps by less
    drift_noise: float = 8.0  # and the drift must stand out of the noise of its two means
    below_zero_g: float = 60.0
    below_zero_share: float = 0.01  # of the plate's rated load: two kelvins of drift of a cheap cell
    unlike_share: float = 0.2  # of the plate's expected weight
    explained_share: float = 0.3  # an explanation leaves less than this of the misfit
    dead_share: float = 0.02  # of the plate's expected weight on a cell that should carry its part
    press_g: float = 250.0
    press_steady_s: float = 0.4
