"""One plate of the pipeline: which conversions are its own, what they weigh, and where it stands in them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.detection import Contact, DetectionParameters, Level, PlateDetector
from agent.inference import Step, Verdict
from agent.inference.geometry import Geometry
from agent.pipeline.board import Rows
from agent.pipeline.cells import PlateCells
from agent.pipeline.unseen import humble
from agent.store import Plate
from agent.weighing import Carried, CellFilter, PlateScale
from agent.weighing.cells import CellBlock

_OFF_SD_G = 0.5  # a plate that was off is known to so much,
_OFF_SHARE = 0.0005  # and to so much of its load: creep,
_OFF_CREEP_NS = 180_000_000_000  # most of which comes within three minutes
_THREE_CELLS = float(np.sqrt(2.0))  # noise of a sum of which one cell is made up for by the others, over that of four
GAP_NS = 1_000_000_000  # a plate that was not measured for so long may have changed meanwhile


class PlateRun:
    """A plate's filter, scale and detector over the rows of its board."""

    def __init__(self, plate: Plate, scale: PlateScale, parameters: DetectionParameters, start_counts: float) -> None:
        self.plate = plate
        self.scale = scale
        self.board = plate.cells[0].board
        self.channels = np.array([cell.channel for cell in plate.cells])
        self._most_channel = int(self.channels.max())
        self.columns: slice | NDArray[np.int64] = _side_by_side(self.channels)
        self._counts_a_gram: NDArray[np.float64] = np.abs(scale.counts_per_gram)
        per_cell = start_counts / self._counts_a_gram
        start_g = np.full(scale.modes, float(np.sqrt((per_cell**2).sum())))
        floor_g = float(np.sqrt((1 / scale.counts_per_gram**2).sum())) * _FLOOR_COUNTS
        self.filter = CellFilter(len(plate.cells))
        self.cells = PlateCells(scale)
        self._stood_in = False
        self.detector = PlateDetector(scale.modes, start_g, floor_g, parameters)
        self.position = 0  # number of the next row of the board to take
        self.rested_ns = 0  # up to here blocks were taken ahead of the others, for nothing happened
        self._screened: tuple[int, NDArray[np.int32], NDArray[np.bool_]] | None = None  # rows from a number on
        self.last_ns: int | None = None  # the last row taken
        self.gaps: list[tuple[int, int]] = []  # last row before and first after each time that nobody measured
        self.restored_level: Level | None = None
        self._carried_g = np.zeros(len(plate.cells))  # by each cell when last at rest, about
        self._snapshot: tuple[Level, dict[str, Any]] | None = None  # the last, and the plateau that it was taken on
        self.interrupted = False  # the rows last taken follow such a time
        self.held_back = 0  # how many of them the filter had held back

    @property
    def geometry(self) -> Geometry:
        scale = self.scale
        return Geometry.of(self.plate, scale.x0_mm, scale.y0_mm, scale.half_x_mm, scale.half_y_mm, scale.modes)

    @property
    def measured(self) -> bool:
        """Its cells suffice, and have delivered in this life."""
        return self.cells.measured and self.last_ns is not None

    @property
    def measured_ns(self) -> int | None:
        """When it was measured last, if need be in an earlier life; None: never."""
        if self.last_ns is None and self.restored_level is not None:
            return self.restored_level.end_ns
        return self.last_ns

    def take(self, rows: Rows, end: int) -> tuple[CellBlock, NDArray[np.float64]]:
        """The plate's whole conversions up to row `end`, and their modes."""
        begin = max(self.position, rows.first)
        a, b = begin - rows.first, max(end, begin) - rows.first
        self.position = max(end, begin)
        self.filter.noise_counts = self.noise_counts(self.detector.noise.sigma_g[0])
        held_back = self.filter.held_back
        t_ns = rows.t_ns[a:b]
        counts, present = rows.counts[a:b, self.columns].copy(), rows.present[a:b, self.columns].copy()
        screened, self._screened = self._screened, None
        if screened is not None and screened[0] == begin:
            counts, present = screened[1:]
        else:
            counts, present = self.cells.screen(t_ns, counts, present, resting=self.detector.contact is None)
        if any(self.cells.health.cause):
            self.filter.forget([c for c, cause in enumerate(self.cells.health.cause) if cause])
        if not self.cells.measured:
            if self.cells.worsened and self.last_ns is not None:
                self.last_ns = min(self.last_ns, self.cells.since_ns)
            t_ns, counts, present = t_ns[:0], counts[:0], present[:0]
        block = self.filter.feed(t_ns, counts, present)
        self.held_back, self.interrupted = held_back, False
        grams = self.cells.complete(self.scale.grams(block.counts))
        if len(block):
            self.cells.took(block.t_ns, grams)
            first_ns = int(block.t_ns[0])
            if self.last_ns is not None and first_ns - self.last_ns > GAP_NS:
                self.missed(self.last_ns, first_ns)
                self.interrupted = True
            self.last_ns = int(block.t_ns[-1])
        return block, self.scale.to_modes(grams)

    def turned(self) -> None:
        """Cells went bad or came back with the rows last taken: no plateau may lie on both sides."""
        cells, detector = self.cells, self.detector
        if (cells.stand_in is not None) != self._stood_in:
            self._stood_in = cells.stand_in is not None
            detector.noise.scale(_THREE_CELLS if self._stood_in else 1 / _THREE_CELLS)
        if not (cells.returned or cells.worsened) or self.last_ns is None:
            return
        if cells.returned and cells.excluded is None:
            detector.distrust(cells.since_ns, cells.back())
            self.missed(cells.since_ns, self.last_ns)
        elif detector.contact is not None:
            detector.distrust(cells.since_ns, 0.0)

    def remembered(self, now_ns: int) -> Level | None:
        """The level of an earlier life, as well as it is known by now; it is given once. Of a life that ended later
        than now, as where a recording is replayed upon what came of it, it is taken for that of now."""
        level, self.restored_level = self.restored_level, None
        if level is None:
            return None
        crept = min(max((now_ns - level.end_ns) / _OFF_CREEP_NS, 0.0), 1.0) * _OFF_SHARE * float(level.mean[0])
        end_ns = min(level.end_ns, now_ns)
        return replace(level, begin_ns=end_ns, end_ns=end_ns, variance=level.variance + crept**2)

    def rests_plainly(self, begin_ns: int) -> bool:
        """Rest may be looked ahead at from `begin_ns` on, as a block of many plates."""
        near = self.last_ns is not None and begin_ns - self.last_ns <= GAP_NS and self._screened is None
        return near and self.detector.foreseeable and self.filter.settled and self.cells.plain

    @property
    def foreseeable(self) -> bool:
        """Rest may be looked ahead at."""
        return self.detector.foreseeable and self.filter.foreseeable and self.cells.plain

    def screened_at_rest(
        self,
        number: int,
        t_ns: NDArray[np.int64],
        counts: NDArray[np.int32],
        present: NDArray[np.bool_],
    ) -> bool:
        """Look at a block of rest that begins with row `number`; whether the cells go on as they are."""
        cells = self.cells
        drifting = list(cells.health.drifting)
        counts, present = cells.screen(t_ns, counts, present, resting=True)
        if not cells.plain or cells.returned or cells.health.drifting != drifting:
            self._screened = (number, counts, present)
            return False
        return True

    def went_on(
        self,
        t_ns: NDArray[np.int64],
        whole: NDArray[np.float64],
        present: NDArray[np.bool_],
        noise_counts: NDArray[np.float64],
        *,
        held_back: int = 0,
    ) -> None:
        """Rest went on over whole conversions [cells, n], the last of which were `present` [.., cells]; the very last
        is `held_back` where that is 1."""
        self.filter.accept(t_ns, whole, present[-REMEMBERED_ABSENCES:], held_back=held_back)
        self.filter.noise_counts = noise_counts
        self.position += len(t_ns)
        self.last_ns = int(t_ns[-1 - held_back])

    def noise_counts(self, sigma_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Noise of a conversion of each cell [.., cells] in counts, where the weight's is `sigma_g` [.., 1]."""
        share = sigma_g / math.sqrt(len(self.channels))
        if share.ndim < 2:
            return np.multiply(self._counts_a_gram, share)
        result: NDArray[np.float64] = (self._counts_a_gram[:, np.newaxis] * share[:, 0]).T  # columns in one piece
        return result

    def missed(self, begin_ns: int, end_ns: int) -> None:
        """Between these two instants nobody measured: what differs across them is a change."""
        self.gaps.append((begin_ns, end_ns))
        if len(self.gaps) > _MOST_GAPS:
            first, second, *rest = self.gaps
            self.gaps = [(first[0], second[1]), *rest]

    def unseen(self, step: Step) -> tuple[int, int] | None:
        """From the plateau seen last to that seen first, where between them lies a time that nobody measured."""
        between = [gap for gap in self.gaps if step.before.end_ns <= gap[0] <= step.after.begin_ns]
        return (step.before.end_ns, max(between[-1][1], step.after.begin_ns)) if between else None

    def honest(self, contact: Contact, verdict: Verdict) -> Verdict:
        """A verdict with no more certainty than its cells and gaps allow."""
        verdict = self.cells.capped(contact, verdict)
        if not self.gaps:
            return verdict
        return replace(verdict, steps=tuple(humble(step) if self.unseen(step) else step for step in verdict.steps))

    def tared_zero(self, level: Level) -> NDArray[np.float64]:
        """Counts of each cell that would make `level`, on which the plate rests, nothing."""
        grams = self.scale.cell_grams(level.mean, self.scale.grams(self.filter.recent_counts()))
        zero_counts: NDArray[np.float64] = self.scale.zero_counts + grams * self.scale.counts_per_gram
        return zero_counts

    def fits(self, rows: Rows) -> bool:
        """Whether the board has all channels of this plate."""
        return self._most_channel < rows.channels

    def snapshot_lately(self) -> dict[str, Any]:
        """A snapshot, the one before where the plate has rested since: what it learnt meanwhile is not in it."""
        before, rests_on = self._snapshot, self.detector.rests_on
        if before is None or rests_on is None or before[0] is not rests_on:
            return self.snapshot()
        return before[1]

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state; the level is what the plate is compared with after a stop, also by another calibration."""
        state = self._state()
        rests_on = self.detector.rests_on
        self._snapshot = (rests_on, state) if rests_on is not None else None
        return state

    def _state(self) -> dict[str, Any]:
        level = self.detector.level
        if level is not None:
            self._carried_g = self.cells.complete(self.scale.grams(self.filter.recent_counts()[np.newaxis]))[0]
        if level is None and self.detector.contact is not None:
            level = self.detector.contact.before
        if level is None:
            level = self.restored_level  # not compared yet: the next process must do it
        saved = None if level is None else {"t_ns": level.end_ns, "mean": level.mean.tolist()}
        carried = None if level is None else Carried.by(self.scale, level.mean, self._carried_g).document()
        return {
            "detector": self.detector.snapshot(),
            "level": saved,
            "carried": carried,
            "cells": self.cells.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot: the first plateau is compared with the level before."""
        self.detector.restore(state["detector"])
        saved = state["level"]
        if saved is None:
            return
        mean = np.array(saved["mean"])
        if len(mean) != self.scale.modes:  # on other cells now: the weight is the same, where it stands is not known
            mean = np.append(mean[:1], np.zeros(self.scale.modes - 1))
            variance = np.append(_OFF_SD_G**2, np.full(self.scale.modes - 1, mean[0] ** 2))
            self.restored_level = Level(saved["t_ns"], saved["t_ns"], 1, mean, variance)
            return
        if state.get("carried") is not None:  # a state of before may lack it
            carried = Carried.of(state["carried"])
            grams = carried.read_by(self.scale)
            if grams is not None:
                mean = mean + self.scale.to_modes((grams - carried.grams)[np.newaxis])[0]
                self._carried_g = grams
        if state.get("cells") is not None:  # likewise
            self.cells.restore(state["cells"], self._carried_g)
        variance = np.full(len(mean), _OFF_SD_G**2 + self.cells.doubt_g2)
        self.restored_level = Level(saved["t_ns"], saved["t_ns"], 1, mean, variance)


def _side_by_side(channels: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """The same columns as a slice where they lie in a row: a view is quicker than a copy."""
    first = int(channels[0])
    alike = np.array_equal(channels, np.arange(first, first + len(channels)))
    return slice(first, first + len(channels)) if alike else channels


def without_cells(snapshot: dict[str, Any], plate: str) -> dict[str, Any]:
    """A pipeline's snapshot whose plate is known in grams alone: its cells have been exchanged."""
    plates = snapshot["plates"]
    if plate not in plates:
        return snapshot
    return {**snapshot, "plates": {**plates, plate: {**plates[plate], "carried": None}}}


_FLOOR_COUNTS = 25.0  # the data sheet's 50 nV at 10 SPS: less than this is not the chip's noise
REMEMBERED_ABSENCES = 3  # rows; what is absent for longer is not held
_MOST_GAPS = 16  # within one contact
