"""A plate whose cells go bad and come back: it weighs on with three of four corners, or says that it does not measure.

While one corner is out, the other three stand in for it as if the plate did not twist; a change between two plateaus
is then read by the learnt twist, with the variance that this leaves (`agent.weighing.corners`, `agent.inference`), and
what surely moved teaches the twist. When the corner is back, what it says is compared with what was believed of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.detection import Contact, Level
from agent.inference import Step, Verdict
from agent.pipeline.faults import FaultKey
from agent.weighing import CellHealth, Corners, PlateScale, StandIn
from agent.weighing.few import Places, RowsAhead
from agent.weighing.health import DRIFTING, SILENT

DEGRADED_SHARE = (
    0.98  # three cells cannot tell one thing in one place from two in two: 102 of 104 sure readings were right
)
RETURN_SD_G = 1.0  # creep and warmth while a cell was out
OVERLOAD_NS = 1_000_000_000  # a hand may lean for a moment
_STILL_SHARE = 0.25  # of what a saturated cell moved: less in all others is no hand that leans
_TEACHES = 0.9  # probability of what moved, from which on its weight teaches the twist
_RECENT_NS = 1_500_000_000
_LEAST_ROWS = 4


class PlateCells:
    """The cells of one plate. `stand_in`: what three corners say while one is out; `measured`: the rest suffices."""

    def __init__(self, scale: PlateScale) -> None:
        self._scale = scale
        self._cells = scale.plate.cells
        self._corners = Corners.of(scale)
        self.health = CellHealth(scale)
        self.stand_in: StandIn | None = None
        self.measured = True
        self.since_ns = 0  # of the last turn for the worse
        self.returned = False  # the rows last taken are the first of a plate that is whole again
        self.worsened = False  # or the first of one that is not any more
        self.touched = False  # within the present contact a cell was out, or one crept by itself
        self._turned = False  # within the present contact one went bad or came back
        self.doubt_g2 = 0.0  # variance of what is believed of the weight, since a corner is out
        self._offset_g = 0.0
        self._weights = np.zeros(len(self._cells))
        self._recent: deque[tuple[NDArray[np.int64], NDArray[np.float64]]] = deque()
        self.rest_g: NDArray[np.float64] | None = None  # what each cell [cells] carried before the present contact
        self._rests_ns = 0  # the plate stands as it does since then
        self._heavy_ns: int | None = None
        self._overloaded = False
        self._told: tuple[object, ...] = ()
        self._open: dict[FaultKey, None] = {}

    @property
    def degraded(self) -> bool:
        """What is measured now, or was within the present contact, is not all that there is to measure."""
        return self.touched or self.excluded is not None or not self.measured or self.health.suspect

    @property
    def plain(self) -> bool:
        """Every cell measures within its range, and nothing hints at the contrary."""
        well = not (self.degraded or self.health.creeping or any(self.health.cause))
        return well and self._heavy_ns is None and not self._overloaded

    @property
    def far_counts(self) -> NDArray[np.float64]:
        """Counts of each cell [cells]: what leaps by less is no leap."""
        return self.health.leaps.far_counts

    @property
    def excluded(self) -> int | None:
        """The corner that the others stand in for."""
        return None if self.stand_in is None else self.stand_in.cell

    def quality(self) -> tuple[str, ...]:
        """In the contract's words."""
        return ("cell-degraded",) if self.degraded else ()

    # -- conversions ----------------------------------------------------------------------------

    def screen(
        self, t_ns: NDArray[np.int64], counts: NDArray[np.int32], present: NDArray[np.bool_], *, resting: bool
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Rows as they came: looked at, and without those of cells that are out."""
        self.returned = self.worsened = False
        health = self.health
        no_load = self._no_load(counts) if len(t_ns) and health.saturated_s(int(t_ns[-1])) else None
        if health.look(t_ns, counts, present, resting=resting, no_load=no_load):
            self._turn(resting=resting)
        self.touched |= health.creeping
        bad = [c for c, cause in enumerate(health.cause) if cause]
        if bad:
            counts, present = counts.copy(), present.copy()
            counts[:, bad] = np.round(self._scale.zero_counts[bad])
            present[:, bad] = True
        return counts, present

    def rest_ahead(self, rows: RowsAhead, edges: NDArray[np.int64], raw: NDArray[np.float64], far: Places) -> int:
        """`screen` for blocks at rest, each from edge to edge of `rows`; see `CellHealth.rest_ahead`. Returns how many
        were looked at, which changed nothing."""
        number = self.health.rest_ahead(rows, edges, raw, far)
        if number:
            self.returned = self.worsened = False
        return number

    def took_ahead(
        self, t_ns: NDArray[np.int64], whole: NDArray[np.float64], first: NDArray[np.int64], end: NDArray[np.int64]
    ) -> None:
        """`took` for blocks at rest of `whole` [cells, n] conversions, from their `first` rows to their `end`, both
        [blocks]. None of them loads the plate beyond its range."""
        oldest_ns = int(t_ns[end[-1] - 1]) - _RECENT_NS
        late = int(t_ns[end - 1].searchsorted(oldest_ns))
        begin = int(first[late])
        grams = self._scale.grams(whole[:, begin : int(end[-1])].T)
        for a, b in zip(first[late:].tolist(), end[late:].tolist(), strict=True):
            self._recent.append((t_ns[a:b], grams[a - begin : b - begin]))
        while self._recent[0][0][-1] < oldest_ns:
            self._recent.popleft()

    def complete(self, grams: NDArray[np.float64]) -> NDArray[np.float64]:
        """Grams [n, cells] with a corner that is out made up for, in place."""
        if self.excluded is not None:
            total = np.full(len(grams), self._offset_g)
            for cell in range(grams.shape[1]):  # one by one: the same bits for any number of rows
                if self._weights[cell]:
                    total = total + grams[:, cell] * self._weights[cell]
            grams[:, self.excluded] = total
        return grams

    def rested(self, t_ns: NDArray[np.int64], grams: NDArray[np.float64]) -> None:
        """Whole rows of a plate at rest, after a look at its cells in which nothing was found."""
        self.returned = self.worsened = False
        self.took(t_ns, grams)

    def took(self, t_ns: NDArray[np.int64], grams: NDArray[np.float64]) -> None:
        """Whole rows of the plate, as it goes on with them."""
        self._recent.append((t_ns, grams))
        while self._recent[0][0][-1] < t_ns[-1] - _RECENT_NS:
            self._recent.popleft()
        heavy = float(np.add.reduce(grams[-1])) > self._scale.plate.max_g
        if not heavy:
            self._heavy_ns = None
        elif self._heavy_ns is None:
            self._heavy_ns = int(t_ns[-1])
        lasting = self._heavy_ns is not None and int(t_ns[-1]) - self._heavy_ns >= OVERLOAD_NS
        self._overloaded = lasting or self.health.saturated_s(int(t_ns[-1])) * 1e9 >= OVERLOAD_NS

    def _no_load(self, counts: NDArray[np.int32]) -> NDArray[np.bool_] | None:
        """Cells that show far more than before the contact while the others show the same: no load does that."""
        if self.rest_g is None or len(self.rest_g) == 1:
            return None
        moved = np.abs(self._scale.grams(counts[-1:].astype(np.float64))[0] - self.rest_g).tolist()
        cells = range(len(moved))
        return np.array([all(moved[o] < _STILL_SHARE * moved[c] for o in cells if o != c) for c in cells])

    # -- turns ----------------------------------------------------------------------------------

    def _turn(self, *, resting: bool) -> None:
        bad = [c for c, cause in enumerate(self.health.cause) if cause]
        self.touched = self._turned = True
        if not bad:
            self.returned = True
            self.stand_in, self.measured = None, True
            self._recent.clear()  # the cell did not carry what was believed of it
            return
        self.since_ns = max(self.health.since_ns[c] for c in bad)
        self.worsened = True
        rested_ns = max(self.since_ns - _RECENT_NS, self._rests_ns)
        known = self._mean(rested_ns, self.since_ns - 1) if resting else None
        self.rest_g = known if known is not None else self.rest_g
        self._recent.clear()  # what the cell told last is no load
        if len(bad) > 1 or self._corners is None:
            self.stand_in, self.measured = None, False
            return
        self.returned = not self.measured
        self.measured = True
        (cell,) = bad
        rest = self.rest_g
        self._weights = self._corners.others(cell)
        self._offset_g = 0.0 if rest is None else float(rest[cell] - self._weights @ rest)
        self.stand_in = self._corners.stand_in(cell, self.since_ns)

    def _mean(self, begin_ns: int, end_ns: int) -> NDArray[np.float64] | None:
        """What each cell carried [cells] between two instants of the last second or so."""
        rows = [grams[slice(*t_ns.searchsorted((begin_ns, end_ns + 1)).tolist())] for t_ns, grams in self._recent]
        held = np.concatenate(rows) if rows else np.empty((0, len(self._cells)))
        return held.mean(axis=0) if len(held) >= _LEAST_ROWS else None

    # -- contacts -------------------------------------------------------------------------------

    def opened(self, before: Level | None) -> None:
        """A contact opens; `before` is the plateau it leaves."""
        self.touched, self._turned = self.excluded is not None, False
        if before is not None:
            mean = self._mean(before.begin_ns, before.end_ns)
            self.rest_g = mean if mean is not None else self.rest_g

    def seen(self, contact: Contact) -> Contact:
        """The contact as it is to be judged: while a corner is out, moments are not to be believed as they move."""
        return contact if self.stand_in is None else replace(contact, whole=False)

    def turned_in(self, contact: Contact) -> bool:
        """Whether cells went bad, or came back, within a contact, so that not all of it was measured."""
        before, out = contact.before, self.stand_in
        return self._turned or (out is not None and before is not None and before.begin_ns <= out.since_ns)

    def capped(self, contact: Contact, verdict: Verdict) -> Verdict:
        """A verdict with no more certainty than the cells allow; its steps on levels as they are told."""
        if not self.degraded:
            return verdict
        steps = [replace(step, certainty=min(step.certainty, DEGRADED_SHARE)) for step in verdict.steps]
        if self.stand_in is None or contact.before is None:
            return replace(verdict, steps=tuple(steps))
        mean = contact.before.mean
        for number, step in enumerate(steps):
            before, mean = mean, mean + np.array(step.change.delta_g)
            levels = replace(step.before, mean=before), replace(step.after, mean=mean)
            steps[number] = replace(step, before=levels[0], after=levels[1])
        return replace(verdict, steps=tuple(steps))

    def told(self, contact: Contact, verdict: Verdict, level: Level) -> NDArray[np.float64] | None:
        """A contact was told, and the plate rests on `level` as measured: what a single load teaches.

        Returns by how much [modes] the measured level is to be moved, so that it is the one that was told.
        """
        self.touched = self._turned = False
        assert contact.before is not None and contact.current is not None
        self._rests_ns = level.begin_ns
        rested, self.rest_g = self.rest_g, self._mean(level.begin_ns, level.end_ns)
        if self._corners is None:
            return None
        single = verdict.steps[0] if len(verdict.steps) == 1 and len(verdict.steps[0].items) == 1 else None
        if self.stand_in is None:
            if single is not None and single.best is not None and self.rest_g is not None and rested is not None:
                self._corners.learn(self.rest_g - rested, level.mean - contact.before.mean)
            return None
        for step in verdict.steps:
            self.doubt_g2 += step.change.twist_g2
        if single is not None and verdict.share > _TEACHES:
            self._learn_from(self.stand_in, single)
        told_g = sum(step.change.delta_g[0] for step in verdict.steps)  # nothing: then the weight is what it was
        missing_g = float(contact.before.mean[0] - level.mean[0]) + told_g
        self._make_up(missing_g)
        return missing_g * self._scale.modes_of_cells[:, self.stand_in.cell]

    def _learn_from(self, stand_in: StandIn, step: Step) -> None:
        """What surely moved alone, and how much that weighs, tells the twist of a plate with a corner out."""
        flat, parts = step.change.flat, step.best.parts if step.best is not None else ()
        if flat is None or len(parts) != 1 or self._corners is None:
            return
        (part,) = parts
        variance_g2 = part.variance_g2 + flat.variance_g2[0]
        self._corners.learn_from(stand_in, np.array(flat.delta_g), part.sign * part.mean_g, variance_g2)
        self.stand_in = self._corners.stand_in(stand_in.cell, stand_in.since_ns)

    def _make_up(self, missing_g: float) -> None:
        """The cell that is out carries so much more than the others tell."""
        self._offset_g += missing_g
        if self.rest_g is not None:
            self.rest_g = self.rest_g.copy()
            self.rest_g[self.excluded] += missing_g
        for _, grams in self._recent:
            grams[:, self.excluded] += missing_g

    def back(self) -> float:
        """All cells measure again; the variance of the weight that was believed meanwhile."""
        doubt, self.doubt_g2 = self.doubt_g2 + RETURN_SD_G**2, 0.0
        return doubt

    def forget(self) -> None:
        """The scale's zeros moved: what cells carried is not known any more."""
        self._recent.clear()
        self.rest_g = None

    # -- what is told of it ---------------------------------------------------------------------

    def news(self) -> tuple[list[FaultKey], list[FaultKey]]:
        """Faults that began, and that ended, since the last call. Silent chips are told by their board."""
        state = (*self.health.cause, *self.health.drifting, self._overloaded)
        if state == self._told:
            return [], []
        self._told = state
        now: dict[FaultKey, None] = {}
        for cell, cause, drifting in zip(self._cells, self.health.cause, self.health.drifting, strict=True):
            name = cause or (DRIFTING if drifting else "")
            if name and name != SILENT:
                now[FaultKey(name, cell.board, cell.channel)] = None
        if self._overloaded:
            now[FaultKey("overload", self._cells[0].board, plate=self._scale.plate.id)] = None
        before, self._open = self._open, now
        return [key for key in now if key not in before], [key for key in before if key not in now]

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state."""
        return {"corners": self._corners.snapshot() if self._corners else None, "doubt_g2": self.doubt_g2}

    def restore(self, state: dict[str, Any], rest_g: NDArray[np.float64]) -> None:
        """Take back a snapshot; `rest_g` [cells] is what each cell carried then."""
        if self._corners is not None and state["corners"] is not None:
            self._corners.restore(state["corners"])
        self.doubt_g2 = float(state["doubt_g2"])
        self.rest_g = rest_g
