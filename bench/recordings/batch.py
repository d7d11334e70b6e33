"""Many cases over several processes."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.recordings.cases import CaseId, make_case


def make_cases(ids: Sequence[CaseId], root: Path, jobs: int, again: bool = False) -> Iterator[Path]:
    """Make cases below `root`, `jobs` at a time; yields each folder in order."""
    one = functools.partial(make_case, root=root, again=again)
    if jobs == 1 or len(ids) == 1:
        yield from map(one, ids)
        return
    with multiprocessing.get_context("spawn").Pool(min(jobs, len(ids))) as pool:
        yield from pool.imap(one, ids)
