"""Every figure of the virtual shelf, with its range and where it comes from.

A figure that no good source gives is "assumed" and has a wide range; each recording draws its own from it, so that
nothing can be tuned to one value. `datasheet` is Avia's HX711, `makers` are cell and scale makers' measurements.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

GRID_HZ = 1000.0  # forces are laid out on this grid; well above the 70 Hz of a cell's own resonance
GRID_S = 1.0 / GRID_HZ

ADC_FULL_SCALE_COUNTS = 1 << 23
AVDD_V = 4.3  # HX711's own regulator as wired on the common green boards; datasheet
GAIN = 128
COUNTS_PER_VOLT = (1 << 24) / (AVDD_V / GAIN)  # full scale is +-0.5 AVDD / gain
INPUT_NOISE_V = {80: 90e-9, 10: 50e-9}  # rms at gain 128; datasheet
CELL_CAPACITY_G = 5000.0
CELL_MV_PER_V = 1.0


def nominal_counts_per_gram(capacity_g: float = CELL_CAPACITY_G, mv_per_v: float = CELL_MV_PER_V) -> float:
    """Counts per gram of a cell; AVDD cancels (physics.md: mV/V x 1e-3 x 128 x 2^24 / capacity)."""
    return mv_per_v * 1e-3 * GAIN * (1 << 24) / capacity_g


@dataclass(frozen=True)
class Span:
    """A figure known within a range; drawn evenly, or evenly in its logarithm."""

    low: float
    high: float
    source: str = "assumed"
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """One value of the range."""
        if self.log:
            return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))
        return float(rng.uniform(self.low, self.high))

    def draw_signed(self, rng: np.random.Generator) -> float:
        """One value of the range, of either sign."""
        return self.draw(rng) * (1.0 if rng.random() < 0.5 else -1.0)


@dataclass(frozen=True)
class CellFigures:
    """Chip and cell."""

    rate_hz_80: Span = Span(75.0, 95.0, "measured, own oscillator a chip")
    rate_hz_10: Span = Span(9.0, 12.0, "measured, own oscillator a chip")
    rate_spread: Span = Span(0.002, 0.02, "between the chips of one board; 'several per cent'")
    filter_order: Span = Span(3.0, 4.0, "output settles in 4 conversions: a sinc of order 3 to 4; datasheet")
    noise_factor: Span = Span(2.2, 3.8, "times the datasheet's noise; boards measure 80-250 counts")
    noise_coloured: Span = Span(0.0, 1.0, "share of the noise that passed the chip's own filter, the rest is white")
    wild_share: Span = Span(2e-5, 5e-4, "wild conversions", log=True)
    late_share: Span = Span(1e-6, 1e-4, "conversions thrown away by the board", log=True)
    flicker_g: Span = Span(0.01, 0.06, "slow wander of a cell, rms", log=True)
    gain_error: Span = Span(0.0002, 0.001, "corner error: 0.05-0.1 % of the load on trimmed plates; makers")
    nonlinearity: Span = Span(0.0003, 0.0005, "of capacity; hysteresis is of the same size and not told apart; makers")
    creep_share: Span = Span(0.0005, 0.001, "of the load change over 30 min; makers")
    creep_fast_s: Span = Span(45.0, 90.0, "most of it in the first 3 min; makers")
    creep_slow_s: Span = Span(500.0, 900.0, "the rest over half an hour; makers")
    creep_fast_share: Span = Span(0.6, 0.8, "most of it in the first 3 min; makers")
    zero_offset_g: Span = Span(0.0, 2.0, "a cell's drift since it was calibrated: 2.5-5 g in 10 K; makers")
    zero_drift_per_k: Span = Span(0.00005, 0.0001, "of capacity: 0.05-0.1 % in 10 K; makers")
    span_drift_per_k: Span = Span(0.00002, 0.00005, "0.05 % in 10 K; makers")


@dataclass(frozen=True)
class PlateFigures:
    """The plate as three rigid-body oscillators, its bracket's coupling, and the cells' own resonance."""

    resonance_hz: Span = Span(8.0, 30.0, "brackets")
    tilt_ratio: Span = Span(0.9, 1.8, "pitch and roll above heave")
    damping: Span = Span(0.02, 0.05, "2-5 %: ring-down 0.3-2 s")
    bracket_share: Span = Span(0.1, 0.9, "part of a force that the bracket's resonance answers", log=True)
    cell_hz: Span = Span(25.0, 70.0, "the cells' own resonance")
    cell_share: Span = Span(0.02, 0.2, "part of a force that the cells' resonance answers")
    mass_g: Span = Span(1200.0, 3000.0, "the plate itself")
    twist: Span = Span(0.0, 0.6, "0: rigid plate, 1: a plate that bends like a cloth between its corners")
    neighbour_share: Span = Span(0.0, 0.01, "share of the ring that the next plate on the bracket feels")
    crosstalk_share: Span = Span(0.0, 0.0003, "share of a load that the next plate carries through rubbing edges")


@dataclass(frozen=True)
class RoomFigures:
    """What the building does."""

    footfall_g: Span = Span(0.02, 0.4, "peak on a plate, before its own resonance answers", log=True)
    footfall_hz: Span = Span(1.0, 4.0, "cadence")
    footfall_floor_hz: Span = Span(17.0, 90.0, "what a step excites")
    walks_per_min: Span = Span(0.5, 3.0)
    compressor_g: Span = Span(0.0, 0.25, "0.5-2 g beside a cold shelf, little elsewhere")
    compressor_hz: Span = Span(24.0, 60.0)
    compressor_kick: Span = Span(5.0, 15.0, "kick at the start, times the running amplitude")
    air_curtain_g: Span = Span(0.0, 0.1, "1-10 g in an open chiller, little elsewhere; rms")
    temperature_k: Span = Span(0.05, 0.5, "slow swing of the room's temperature, amplitude")
    temperature_period_s: Span = Span(900.0, 3600.0)
    board_clock_ppm: Span = Span(0.0, 400.0, "ceramic resonators of cheap boards")


@dataclass(frozen=True)
class HandFigures:
    """How people take and put."""

    press_g: Span = Span(10.0, 900.0, "press before a pick: 10-300 g, heavy hands more", log=True)
    press_s: Span = Span(0.06, 0.35)
    press_chance: float = 0.85  # assumed: the others lift without a press
    unload_s: Span = Span(0.08, 0.25)
    landing_factor: Span = Span(1.2, 3.0, "peak over weight", log=True)
    landing_s: Span = Span(0.05, 0.15)
    arrive_s: Span = Span(0.04, 0.12, "from first touch of the unit to its whole weight")
    linger_chance: float = 0.6  # assumed
    linger_s: Span = Span(0.1, 0.4)
    linger_g: Span = Span(5.0, 80.0, log=True)
    tremor_hz: Span = Span(2.0, 10.0)
    tremor_share: Span = Span(
        0.015, 0.09, "'several per cent of its force', with the quiet hands that deceive", log=True
    )
    wander_share: Span = Span(0.02, 0.15, "slow change of a resting hand's force over a second or two")
    rummage_g: Span = Span(30.0, 600.0, log=True)
    lean_g: Span = Span(1000.0, 20000.0, log=True)
    knock_g: Span = Span(300.0, 8000.0, "peak of a knock of 5-20 ms", log=True)
    knock_s: Span = Span(0.005, 0.02)


@dataclass(frozen=True)
class Room:
    """One set of conditions."""

    name: str
    cell: CellFigures = CellFigures()
    plate: PlateFigures = PlateFigures()
    building: RoomFigures = RoomFigures()
    hand: HandFigures = HandFigures()


DEFAULT = Room("default")
HARSH = Room(
    "harsh",
    cell=dataclasses.replace(
        CellFigures(),
        noise_factor=Span(5.0, 7.0, "6x the datasheet as stress"),
        wild_share=Span(1e-3, 1e-2, "0.1-1 %", log=True),
        late_share=Span(1e-4, 1e-3, "conversions thrown away by the board", log=True),
        flicker_g=Span(0.05, 0.25, "slow wander of a cell, rms", log=True),
        zero_offset_g=Span(0.0, 6.0, "a cell's drift since it was calibrated, over the seasons"),
        gain_error=Span(0.001, 0.008, "untrimmed plates, calibrated a cell at a time", log=True),
    ),
    plate=dataclasses.replace(
        PlateFigures(),
        damping=Span(0.015, 0.035, "2-5 %, the badly damped half"),
        bracket_share=Span(0.4, 1.0, "part of a force that the bracket's resonance answers"),
        cell_share=Span(0.05, 0.3, "part of a force that the cells' resonance answers"),
        twist=Span(0.0, 1.0, "0: rigid plate, 1: a plate that bends like a cloth between its corners"),
        neighbour_share=Span(0.01, 0.04, "share of the ring that the next plate on the bracket feels"),
        crosstalk_share=Span(0.0003, 0.002, "share of a load that the next plate carries through rubbing edges"),
    ),
    building=dataclasses.replace(
        RoomFigures(),
        footfall_g=Span(0.5, 4.0, "peak on a plate, before its own resonance answers", log=True),
        walks_per_min=Span(2.0, 8.0),
        compressor_g=Span(0.5, 2.0, "0.5-2 g"),
        air_curtain_g=Span(0.3, 2.5, "1-10 g peak to peak", log=True),
        temperature_k=Span(1.0, 4.0, "defrost +-2-5 K in 20-40 min"),
        temperature_period_s=Span(2400.0, 4800.0, "defrost +-2-5 K in 20-40 min"),
    ),
    hand=dataclasses.replace(
        HandFigures(),
        press_g=Span(20.0, 1200.0, "real hands on a 1 kg weight were seen to press 0.2-2.4 kg", log=True),
        linger_chance=0.8,
        linger_g=Span(10.0, 250.0, log=True),
    ),
)
ROOMS = {room.name: room for room in (DEFAULT, HARSH)}
