"""Recordings through `shelf-agent replay`, and the same conversions through river's PageHinkley, by processor time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.faults.actors import program
from bench.recordings.cases import RECORDING, STORE, CaseId, simulate_case, write_case
from bench.recordings.container import START_NS, cut_recording

RIVER_CODE = """
import json, sys, time
import numpy as np
from river import drift
columns = [column.tolist() for column in np.load(sys.argv[1]).T]
begin = time.process_time()
for column in columns:
    update = drift.PageHinkley().update
    for value in column:
        update(value)
print(json.dumps(time.process_time() - begin))
"""
_ONE_CORE = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
RIVER_SECONDS = 1_200.0  # of the recording, some 0.2 s of processor time: in far less, chance and clocks tell


@dataclass(frozen=True)
class Recorded:
    """A recording of the virtual store in `folder`; `counts` [n, channels] of one of its boards, for others' code."""

    folder: Path
    conversions: int
    seconds: float
    events: int
    counts: npt.NDArray[np.float64]


def record(family: str, seed: int, seconds: float, root: Path) -> Recorded:
    """A family's situation, followed by rest until `seconds`: the room goes on, nobody comes."""
    case = simulate_case(CaseId(family, seed), least_s=seconds)
    folder = root / f"{family}-{seconds:.0f}"
    folder.mkdir(parents=True, exist_ok=True)
    written = write_case(case, folder)
    boards = case.measured.boards.values()
    conversions = sum(len(times) for board in boards for times in board.times_s)
    first = next(iter(boards))
    shortest = min(len(counts) for counts in first.counts)
    counts = np.stack([counts[:shortest] for counts in first.counts], axis=1).astype(np.float64)
    return Recorded(written, conversions, case.built.script.duration_s, len(case.built.script.events), counts)


def beginning(recorded: Recorded, seconds: float) -> Recorded:
    """The first seconds of a recording, beside it."""
    folder = recorded.folder.with_name(f"{recorded.folder.name}-beginning")
    folder.mkdir()
    (folder / STORE).write_bytes((recorded.folder / STORE).read_bytes())
    cut_recording(recorded.folder / RECORDING, folder / RECORDING, START_NS + round(seconds * 1e9))
    share = seconds / recorded.seconds
    return Recorded(folder, round(recorded.conversions * share), seconds, 0, recorded.counts[:0])


def replay_seconds(recorded: Recorded) -> float:
    """Processor time of the whole command, its start among it."""
    words = [program("shelf-agent"), "replay", "--store", str(recorded.folder / STORE)]
    return _cpu_of([*words, "--recording", str(recorded.folder / RECORDING)])


def help_seconds() -> float:
    """How long one waits for `shelf-agent --help`."""
    begin_s = time.perf_counter()
    _cpu_of([program("shelf-agent"), "--help"])
    return time.perf_counter() - begin_s


def lacks_river(python: Path) -> str:
    """What is wrong with an interpreter that is to have river, and what to do; "" where it has it."""
    remedy = "`make out/river/bin/python` makes one that has it"
    try:
        done = subprocess.run([python, "-c", "from river import drift"], check=False, capture_output=True)
    except OSError as error:
        return f"{python}: {(error.strerror or str(error)).lower()}; {remedy}"
    return f"{python}: river cannot be imported there; {remedy}" if done.returncode else ""


def river_rate(python: Path, recorded: Recorded, seconds: float = RIVER_SECONDS) -> float:
    """Conversions a second of river's PageHinkley, a detector a channel, in the interpreter that has river."""
    rows = max(int(len(recorded.counts) * min(seconds / recorded.seconds, 1.0)), 1)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "counts.npy"
        np.save(path, recorded.counts[:rows])
        done = subprocess.run([python, "-c", RIVER_CODE, path], check=True, capture_output=True, text=True)
    return float(recorded.counts[:rows].size / json.loads(done.stdout))


def _cpu_of(words: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=_ONE_CORE)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}: {done.stderr[-300:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
