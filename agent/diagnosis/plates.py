"""Verdicts on a plate's cells together: what they carry at rest, beside what the goods on it should weigh.

A cell that is reversed and two cells that are swapped give sound conversions of the wrong sign or place. They are
found by asking which single mistake in the wiring would explain what the cells say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.figures import ChannelFigures
from agent.diagnosis.findings import REMARK, Finding
from agent.diagnosis.parameters import DiagnosisParameters
from agent.store import Item, Plate
from agent.wire import SATURATED_HIGH

_DEPTH_SPREAD = 0.2  # of the plate's depth: goods without a y span stand about its middle
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Mistake:
    """A mistake in the wiring, and the grams that the cells truly carry if it was made."""

    code: str
    cells: tuple[int, ...]
    grams: NDArray[np.float64]


def diagnose_plate(plate: Plate, figures: list[ChannelFigures], parameters: DiagnosisParameters) -> list[Finding]:
    """Movement, drift, range and weight of a plate whose channels are all sound; figures in the order of its cells."""
    per_gram = np.array([cell.counts_per_gram for cell in plate.cells])
    where = f"plate {plate.id}"
    steps_g = float(np.abs([f.step_counts for f in figures] / per_gram).sum())
    if steps_g > parameters.touch_g:
        return [Finding("touched", where, f"its weight moved by {steps_g:.0f} g meanwhile")]
    found = list(_drift(plate, figures, per_gram, parameters))
    weight_g = float(((np.array([f.mean_counts for f in figures]) - _zeros(plate)) / per_gram).sum())
    if weight_g > plate.max_g:
        found.append(Finding("overloaded", where, f"carries {weight_g:.0f} g, rated {plate.max_g:.0f} g"))
    return found


def diagnose_wiring(
    plate: Plate,
    contents: Mapping[str, int],
    items: Mapping[str, Item],
    figures: list[ChannelFigures],
    parameters: DiagnosisParameters,
) -> list[Finding]:
    """Reversed, swapped or unloaded cells of a plate that carries `contents`; figures in the order of its cells."""
    counts = np.array([f.mean_counts for f in figures])
    measured = (counts - _zeros(plate)) / np.array([cell.counts_per_gram for cell in plate.cells])
    expected, spread = expected_grams(plate, contents, items)
    floor_g = parameters.below_zero_g + parameters.below_zero_share * plate.max_g / len(plate.cells)
    misfit = _misfit(measured, expected, spread, floor_g)
    if misfit > 1.0:
        best = min(_mistakes(plate, counts), key=lambda m: _misfit(m.grams, expected, spread, floor_g), default=None)
        if best is not None:
            left = _misfit(best.grams, expected, spread, floor_g)
            if left < parameters.explained_share * misfit and left < 1.5:
                return [_mistaken(plate, best, measured)]
    low = [i for i, grams in enumerate(measured) if grams < -floor_g]
    if low:
        names = ", ".join(_cell(plate, i) for i in low)
        told = f"{names} reads {measured[low].min():.0f} g, below nothing"
        return [Finding("below-zero", f"plate {plate.id}", told)]
    total = float(expected.sum())
    dead = [
        i
        for i, grams in enumerate(measured)
        if expected[i] > max(4 * spread[i], 2 * floor_g) and abs(grams) < parameters.dead_share * total
    ]
    if dead and float(measured.sum()) > 0.3 * total:
        names = ", ".join(_cell(plate, i) for i in dead)
        told = f"{names} carries {measured[dead[0]]:.0f} g where some {expected[dead[0]]:.0f} g should rest"
        return [Finding("dead-cell", f"plate {plate.id}", told)]
    if abs(float(measured.sum()) - total) > max(parameters.unlike_share * total, 2 * floor_g):
        told = f"carries {measured.sum():.0f} g, its goods should weigh {total:.0f} g"
        return [Finding("weight-unlike-stock", f"plate {plate.id}", told, REMARK)]
    return []


def expected_grams(
    plate: Plate, contents: Mapping[str, int], items: Mapping[str, Item]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Grams on each cell [cells] if `contents` stand in their lanes, and how far that may be off (1 sd)."""
    n = len(plate.cells)
    expected, variance = np.zeros(n), np.zeros(n)
    for sku, count in contents.items():
        lanes = [lane for lane in plate.lanes if lane.sku == sku]
        grams = items[sku].unit_weight_g * count
        for lane in lanes:
            x = (lane.x_mm[0] + lane.x_mm[1]) / 2
            y0, y1 = lane.y_mm if lane.y_mm is not None else (0.0, plate.size_mm[1])
            y = (y0 + y1) / 2
            share = cell_shares(plate, x, y)
            off_x = cell_shares(plate, x + (lane.x_mm[1] - lane.x_mm[0]) / 4, y) - share
            off_y = cell_shares(plate, x, y + _DEPTH_SPREAD * (y1 - y0)) - share
            part = grams / len(lanes)
            expected += part * share
            variance += part**2 * (off_x**2 + off_y**2) + (0.03 * part * share) ** 2
    return expected, np.sqrt(variance)


def cell_shares(plate: Plate, x_mm: float, y_mm: float) -> NDArray[np.float64]:
    """How cells [cells] share a load at a place: four at corners bilinearly, others by the statics of a rigid plate."""
    xs = np.array([cell.x_mm for cell in plate.cells])
    ys = np.array([cell.y_mm for cell in plate.cells])
    if len(xs) == 1:
        return np.ones(1)
    if len(xs) == 4 and len(set(zip(xs > xs.mean(), ys > ys.mean(), strict=True))) == 4:
        u = (x_mm - xs.min()) / np.ptp(xs)
        v = (y_mm - ys.min()) / np.ptp(ys)
        right, back = xs > xs.mean(), ys > ys.mean()
        shares: NDArray[np.float64] = np.where(right, u, 1 - u) * np.where(back, v, 1 - v)
        return shares
    statics = np.stack([np.ones(len(xs)), xs - xs.mean(), ys - ys.mean()])
    load = np.array([1.0, x_mm - xs.mean(), y_mm - ys.mean()])
    return np.asarray(np.linalg.pinv(statics) @ load)


def _zeros(plate: Plate) -> NDArray[np.float64]:
    return np.array([cell.zero_counts for cell in plate.cells])


def _mistakes(plate: Plate, counts: NDArray[np.float64]) -> Iterator[_Mistake]:
    zeros = _zeros(plate)
    per_gram = np.array([cell.counts_per_gram for cell in plate.cells])
    grams = (counts - zeros) / per_gram
    for i in range(len(counts)):
        turned = grams.copy()
        turned[i] = -grams[i]
        yield _Mistake("reversed", (i,), turned)
    for i, j in combinations(range(len(counts)), 2):
        order = list(range(len(counts)))
        order[i], order[j] = j, i
        yield _Mistake("swapped", (i, j), (counts[order] - zeros) / per_gram)


def _misfit(
    grams: NDArray[np.float64], expected: NDArray[np.float64], spread: NDArray[np.float64], floor_g: float
) -> float:
    """How far grams are from what is expected, in mean deviations; a cell below nothing weighs more."""
    tolerance = np.hypot(2 * spread, floor_g)
    off = (grams - expected) / tolerance
    below = np.minimum(grams + floor_g, 0.0) / floor_g
    return float(np.sqrt(((off**2) + below**2).mean()))


def _mistaken(plate: Plate, mistake: _Mistake, measured: NDArray[np.float64]) -> Finding:
    names = " and ".join(_cell(plate, i) for i in mistake.cells)
    if mistake.code == "reversed":
        told = f"{names} reads {measured[mistake.cells[0]]:.0f} g: it goes the wrong way"
    else:
        told = f"{names} carry each other's part of the load: they are exchanged"
    return Finding(mistake.code, f"plate {plate.id}", told)


def _cell(plate: Plate, index: int) -> str:
    cell = plate.cells[index]
    return f"channel {cell.channel} (x {cell.x_mm:.0f}, y {cell.y_mm:.0f} mm)"


def _drift(
    plate: Plate, figures: list[ChannelFigures], per_gram: NDArray[np.float64], p: DiagnosisParameters
) -> Iterator[Finding]:
    for i, f in enumerate(figures):
        if f.mean_counts >= SATURATED_HIGH:
            continue
        per_min = f.drift_counts_per_s / per_gram[i] * _MINUTE_S
        if abs(per_min) > p.drift_g_per_min and f.drift_sigma > p.drift_noise:
            yield Finding("drifting", f"plate {plate.id}", f"{_cell(plate, i)} drifts by {per_min:+.0f} g a minute")
