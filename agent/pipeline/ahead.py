"""A plate's rest over many blocks at once, as when a recording is replayed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.pipeline.board import Rows
from agent.pipeline.foresight import WITHIN, Foresight, foresee
from agent.pipeline.plate import GAP_NS, REMEMBERED_ABSENCES, PlateRun

_LEAST_AHEAD = 4  # fewer blocks are quicker one by one
_SINGLY = 8  # blocks that are screened one by one from where something is found on
_MOST_PLAIN = 4096  # blocks that are screened at once
_REMEMBERED_BLOCKS = 2  # a block of rest has at least eight rows, the filter remembers twelve


class PlateAhead:
    """Looks ahead at what a plate would do while it rests, and lets it take that at once."""

    def __init__(self, run: PlateRun) -> None:
        self._run = run
        self._from_ns = 0  # before, something happened
        self._foresight: Foresight | None = None

    def take(self, rows: Rows, begin_ns: int, blocks: int, block_ns: int) -> int:
        """Take blocks from `begin_ns` on for as long as the plate rests, at most `blocks`; how many were taken.

        What is taken is as if `take` and the detector had gone block by block. Where one is no plain rest it stays,
        with all that follow, for them to take.
        """
        if blocks < _LEAST_AHEAD or begin_ns < self._from_ns or not self._run.foreseeable:
            return 0
        if self._run.last_ns is None or begin_ns - self._run.last_ns > GAP_NS:
            return 0
        foresight = self._foresight
        if foresight is None or not foresight.holds(rows, self._run.scale, self._run.position, begin_ns):
            foresight = self._foresight = self._foreseen(rows, begin_ns, blocks, block_ns)
            if foresight is None:
                self._from_ns = begin_ns + block_ns
                return 0
        begin = (begin_ns - foresight.begin_ns) // block_ns
        end = min(begin + blocks, foresight.calm_until(begin))
        taken = self._accepted(foresight, begin, end) if begin < end else 0
        if begin + taken == len(foresight.outlook):
            self._foresight = None  # it says nothing any more, and is large
        if taken < max(end - begin, 1):
            self._from_ns = begin_ns + (taken + 1) * block_ns
        return taken

    def _foreseen(self, rows: Rows, begin_ns: int, blocks: int, block_ns: int) -> Foresight | None:
        edges = rows.t_ns.searchsorted(begin_ns + block_ns * np.arange(blocks + 1))
        if rows.first + int(edges[0]) != self._run.position:
            return None
        return foresee(
            rows,
            edges,
            begin_ns,
            block_ns,
            self._run.columns,
            self._run.filter,
            self._run.scale,
            self._run.detector,
            self._run.cells.far_counts,
        )

    def _accepted(self, foresight: Foresight, begin: int, end: int) -> int:
        """How many blocks from `begin` on were taken."""
        outlook = foresight.outlook
        ahead = self._run.detector.look_ahead(outlook, begin, end)
        if ahead is None or not ahead.still:
            return 0
        number = ahead.still
        noise_counts = self._run.noise_counts(ahead.noise.sigma_g[:number, :1])
        number = self._mended_alike(foresight, begin, number, noise_counts)
        number = self._screened_ahead(foresight, begin, number)
        if not number:
            return 0
        mending, last = foresight.mending, begin + number - 1
        a, b, end = int(mending.first[begin]), int(mending.end[last]), int(mending.seen[last])
        whole = mending.whole[:, a:end]
        if end > b:  # held back: as it came
            whole = np.concatenate((mending.whole[:, a:b], mending.raw[:, b:end]), axis=1)
        self._run.detector.accept(ahead, number)
        present = foresight.came.present[a:end][-REMEMBERED_ABSENCES:]
        self._run.went_on(outlook.t_ns[a:end], whole, present, noise_counts[number - 1], held_back=end - b)
        return number

    def _mended_alike(self, foresight: Foresight, begin: int, number: int, noise_counts: NDArray[np.float64]) -> int:
        """In how many of `number` blocks from `begin` on the filter would replace what was foreseen to be wild, and
        nothing else; `noise_counts` [number, cells]."""
        cells, mending = self._run.filter, foresight.mending
        raw, whole, first = mending.raw, mending.whole, int(mending.first[begin])
        limit_counts = cells.limit_counts(noise_counts)
        sure = mending.surely(begin, limit_counts, cells.context)
        if (cells.leaps_to(raw[:, first]) > limit_counts[:_REMEMBERED_BLOCKS]).any():
            sure[:_REMEMBERED_BLOCKS] = False
        for block in np.flatnonzero(~sure).tolist():
            a, b, end = (int(rows[begin + block]) for rows in (mending.first, mending.end, mending.seen))
            before = cells.before(whole[:, first:], a - first)
            if not cells.goes_on_with(before, raw[:, a:end].T, whole[:, a:b].T, noise_counts[block]):
                return int(block)
        return number

    def _screened_ahead(self, foresight: Foresight, begin: int, number: int) -> int:
        """In how many of `number` blocks from `begin` on the cells go on as they are; those are screened and taken."""
        done = 0
        while done < number:
            asked = min(number - done, _MOST_PLAIN)
            taken = self._plainly_ahead(foresight, begin + done, begin + done + asked)
            done += taken
            if taken == asked:
                continue
            for _ in range(min(_SINGLY, number - done)):  # what is found in one is soon found again
                goes_on, taken = self._one_ahead(foresight, begin + done)
                done += taken
                if not goes_on:
                    return done
        return done

    def _plainly_ahead(self, foresight: Foresight, begin: int, end: int) -> int:
        """How many blocks from `begin` on were screened at once, for nothing is the matter with any cell."""
        outlook, mending, cells = foresight.outlook, foresight.mending, self._run.cells
        last_g = outlook.z[mending.end[begin:end] - 1, 0]
        odd = ~foresight.lively[begin:end] | (last_g > WITHIN * self._run.plate.max_g)
        if odd.any():
            end = begin + int(np.argmax(odd))
        if end <= begin or not cells.plain:
            return 0
        a, b = int(foresight.edges[begin]), int(foresight.edges[end])
        edges, far = foresight.edges[begin : end + 1] - a, foresight.far.part(a, b)
        taken = cells.rest_ahead(foresight.came.part(a, b), edges, mending.raw[:, a:b], far)
        if taken:
            given = slice(begin, begin + taken)
            cells.took_ahead(outlook.t_ns, mending.whole, mending.first[given], mending.end[given])
        return taken

    def _one_ahead(self, foresight: Foresight, block: int) -> tuple[bool, int]:
        """Screen one block; whether the cells go on as they are, and how many were taken."""
        t_ns, mending, run = foresight.outlook.t_ns, foresight.mending, self._run
        a, b = foresight.edges[block : block + 2].tolist()
        if not run.screened_at_rest(foresight.first + a, *foresight.came.rows(a, b)):
            return False, 0
        a, b = int(mending.first[block]), int(mending.end[block])
        run.cells.took(t_ns[a:b], run.scale.grams(mending.whole[:, a:b].T))
        return run.cells.plain, 1
