"""A block of rest of all plates at once: what numpy costs a call is paid once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.detection import DetectionParameters, RestTogether
from agent.pipeline.board import Rows
from agent.pipeline.foresight import FEW, WITHIN
from agent.pipeline.plate import PlateRun
from agent.weighing import CellsTogether, ScalesTogether, look_at_rest

LEAST_PLATES = 3  # fewer are quicker one by one


@dataclass(frozen=True, slots=True)
class _Part:
    """A plate's rows of the block: from `begin` to `end` of the rows that its board holds."""

    run: PlateRun
    rows: Rows
    begin: int
    end: int


class PlatesTogether:
    """Takes a block of the plates that rest in it plainly. What is taken is as if each had taken it alone."""

    def __init__(self, runs: Iterable[PlateRun], rows: Callable[[str], Rows | None], p: DetectionParameters) -> None:
        self._p, self._rows = p, rows
        self._groups: dict[tuple[int, int], list[PlateRun]] = {}
        for run in runs:
            self._groups.setdefault((len(run.channels), run.scale.modes), []).append(run)
        self._scales: dict[tuple[int, int], ScalesTogether] = {}

    def take(self, begin_ns: int, end_ns: int) -> None:
        """Let plates take the block from `begin_ns` to `end_ns`; `rested_ns` tells which did."""
        edges: dict[str, tuple[Rows, int, int] | None] = {}
        for shape, runs in self._groups.items():
            parts = []
            for run in runs:
                if run.rested_ns >= end_ns or not run.rests_plainly(begin_ns):
                    continue
                if run.board not in edges:
                    edges[run.board] = self._edges(run.board, begin_ns, end_ns)
                found = edges[run.board]
                if found is not None and found[0].first + found[1] == run.position and run.fits(found[0]):
                    parts.append(_Part(run, *found))
            if len(parts) >= LEAST_PLATES and shape[1] > 1:
                self._take(shape, parts, end_ns)

    def _edges(self, board: str, begin_ns: int, end_ns: int) -> tuple[Rows, int, int] | None:
        rows = self._rows(board)
        if rows is None:
            return None
        begin, end = rows.t_ns.searchsorted((begin_ns, end_ns)).tolist()
        return (rows, begin, end) if end - begin >= self._p.block_samples else None

    def _take(self, shape: tuple[int, int], parts: Sequence[_Part], end_ns: int) -> None:
        runs = [part.run for part in parts]
        number = np.array([part.end - part.begin for part in parts])
        counts = np.zeros((int(number.max()), len(parts), shape[0]), np.int32)
        present = np.zeros(counts.shape, np.bool_)
        for k, part in enumerate(parts):
            own = slice(part.begin, part.end), part.run.columns
            counts[: number[k], k] = part.rows.counts[own]
            present[: number[k], k] = part.rows.present[own]
        scales = self._scales.get(shape)
        if scales is None or not scales.holds([run.scale for run in runs]):
            scales = self._scales[shape] = ScalesTogether([run.scale for run in runs])
        cells = CellsTogether([run.filter for run in runs], counts, present, number, FEW)
        grams = scales.grams(cells.whole)
        z = scales.modes(grams)
        heavy = z[number - 1, np.arange(len(parts)), 0] > np.array([WITHIN * run.plate.max_g for run in runs])
        t_ns = [part.rows.t_ns[part.begin : part.end] for part in parts]
        rest = RestTogether([run.detector for run in runs], t_ns, z, self._p)
        noise_counts = scales.noise_counts(rest.sigma_g[:, :1])
        wild = (cells.far_counts > runs[0].filter.limit_counts(noise_counts)).any(axis=1)
        plain = rest.still & cells.lively & ~wild & ~heavy
        which = np.flatnonzero(plain).tolist()
        healths, times = [runs[k].cells.health for k in which], [t_ns[k] for k in which]
        if len(which) < len(runs):
            counts, present, grams = counts[:, which], present[:, which], grams[:, which]
        looked = look_at_rest(healths, times, counts, present) if which else []
        for row, (k, well) in enumerate(zip(which, looked, strict=True)):
            n, run = int(number[k]), runs[k]
            if well:
                run.cells.rested(t_ns[k], grams[:n, row])
            elif run.screened_at_rest(run.position, t_ns[k], counts[:n, row], present[:n, row]):
                run.cells.took(t_ns[k], grams[:n, row])
            else:
                continue
            rest.accept(k)
            run.went_on(t_ns[k], cells.whole[:n, k].T, present[:n, row], noise_counts[k])
            run.rested_ns = end_ns
