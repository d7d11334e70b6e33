"""A plate detector fed as the pipeline feeds it: blocks at rest, ticks in a contact; settled once it stood a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agent.detection import Contact, DetectionParameters, Level, PlateDetector

SIGMA_G = 0.6
S = 1_000_000_000


@dataclass
class Signal:
    """A plate's weight (and moments) over time, put together piece by piece."""

    rate_hz: float = 80.0
    seed: int = 1
    sigma_g: float = SIGMA_G
    modes: int = 1
    pieces: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(len(piece) for piece in self.pieces) / self.rate_hz

    def hold(self, weight_g: float, seconds: float) -> Signal:
        """A weight that rests."""
        self.pieces.append(np.full(round(seconds * self.rate_hz), weight_g))
        return self

    def move(self, start_g: float, end_g: float, seconds: float) -> Signal:
        """A weight that goes softly from one to another."""
        n = round(seconds * self.rate_hz)
        share = (1 - np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))) / 2
        self.pieces.append(start_g + (end_g - start_g) * share)
        return self

    def ring(self, weight_g: float, amplitude_g: float, frequency_hz: float, seconds: float, damping: float) -> Signal:
        """A weight on a plate that rings down."""
        t_s = np.arange(round(seconds * self.rate_hz)) / self.rate_hz
        w = 2 * np.pi * frequency_hz
        self.pieces.append(weight_g + amplitude_g * np.exp(-damping * w * t_s) * np.cos(w * t_s))
        return self

    def tremble(self, weight_g: float, rms_g: float, seconds: float) -> Signal:
        """A hand that holds on: never still, at 2-10 Hz."""
        rng = np.random.default_rng(self.seed + 1_000)
        t_s = np.arange(round(seconds * self.rate_hz)) / self.rate_hz
        waves = [np.sin(2 * np.pi * f * t_s + rng.uniform(0, 2 * np.pi)) for f in rng.uniform(2, 10, 12)]
        self.pieces.append(weight_g + rms_g * np.sqrt(2 / len(waves)) * np.sum(waves, axis=0))
        return self

    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times [n] in ns and modes [n, modes] in grams, with noise."""
        weight = np.concatenate(self.pieces)
        noise = np.random.default_rng(self.seed).normal(0.0, self.sigma_g, (len(weight), self.modes))
        z = noise + weight[:, None] * np.array([1.0, 0.3, -0.2])[: self.modes]
        return (np.arange(len(weight)) * (S / self.rate_hz)).astype(np.int64), z


@dataclass(frozen=True)
class Seen:
    """A contact as it was settled."""

    contact: Contact
    before: Level
    plateaus: tuple[Level, ...]
    after: Level
    settled_s: float
    instant_s: float  # of the change from before to after
    instants_s: tuple[float, ...]  # from plateau to plateau

    @property
    def delta_g(self) -> float:
        return float(self.after.mean[0] - self.before.mean[0])


def detector(modes: int = 1, sigma_g: float = SIGMA_G) -> PlateDetector:
    return PlateDetector(modes, np.full(modes, sigma_g), sigma_g / 10, DetectionParameters())


def drive(
    plate: PlateDetector,
    signal: Signal,
    settle_after_s: float = 0.35,
    saturated: NDArray[np.bool_] | None = None,
    rows: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None,
) -> list[Seen]:
    """All contacts that were settled, in order; `rows`: the signal's, changed."""
    p = DetectionParameters()
    t_ns, z = signal.rows() if rows is None else rows
    flags = np.zeros(len(t_ns), np.bool_) if saturated is None else saturated
    seen: list[Seen] = []
    cursor_ns, done = 0, 0
    while done < len(t_ns):
        contact = plate.contact
        if contact is None:
            cursor_ns += p.block_ns - cursor_ns % p.block_ns
            upto = int(np.searchsorted(t_ns, cursor_ns))
            done += plate.rest(t_ns[done:upto], z[done:upto], flags[done:upto])
            if plate.contact is not None and done < len(t_ns):
                cursor_ns = int(t_ns[done]) // p.tick_ns * p.tick_ns
            continue
        cursor_ns += p.tick_ns - cursor_ns % p.tick_ns
        upto = int(np.searchsorted(t_ns, cursor_ns))
        if upto == done:
            continue
        plate.touch(t_ns[done:upto], z[done:upto], flags[done:upto])
        done = upto
        current = contact.current
        if current is not None and not current.soft and current.seconds >= settle_after_s:
            if contact.before is not None:
                seen.append(_seen(contact, contact.before, current))
            plate.settle(current)
    return seen


def _seen(contact: Contact, before: Level, after: Level) -> Seen:
    nodes = [before, *contact.plateaus, after]
    return Seen(
        contact,
        before,
        tuple(contact.plateaus),
        after,
        contact.now_ns * 1e-9,
        contact.instant_ns(before, after) * 1e-9,
        tuple(contact.instant_ns(a, b) * 1e-9 for a, b in pairwise(nodes)),
    )
