"""A whole day of a shelf in one recording, replayed as fast as it goes: does memory grow, does anything get lost?"""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.faults.actors import program
from bench.faults.board import NOISE_COUNTS, RAMP_S
from bench.faults.shelf import BOARD_ID, DEPTH_MM, GOODS, PLATES, STOCK, Moved, counts_of, shares, store_text
from bench.faults.verdict import Verdict, judge
from bench.recordings.container import START_NS, write_recording
from bench.recordings.stream import Chunk
from bench.wire import Hello, sample_frames

DAY_S = 86_400
RATE_HZ = 10
PAUSE_S = (20.0, 100.0)  # between movements
LEAST_PAUSE_S = 3.0
WARMTH_G = 3.0  # by which each cell's zero goes up and down over the day
ROWS_A_CHUNK = 2
RAMP_ROWS = round(RAMP_S * RATE_HZ) + 3  # the last of them has all of it
WARM_SHARE = 0.2  # after so much of the time, memory holds what it needs
LOOK_S = 0.2


def day(times: int, seed: int) -> Verdict:
    """So many days; the notes tell by how much the replaying process grew, and how large its state is."""
    verdict = Verdict()
    for number in range(times):
        with tempfile.TemporaryDirectory(prefix="shelf-day-") as name:
            folder = Path(name)
            (folder / "store.toml").write_text(store_text())
            moved = _record(folder / "day.mcap", seed + number)
            events, grown_bytes = _replayed(folder)
            part = judge(moved, events)
            state = sum(path.stat().st_size for path in (folder / "state").glob("journal.sqlite*"))
            part.notes.append(f"memory {grown_bytes / 1e6:+.1f} MB, state {state / 1e6:.1f} MB")
            for field in ("true", "told", "lost", "doubled", "wrong", "sure_wrong"):
                setattr(verdict, field, getattr(verdict, field) + getattr(part, field))
            verdict.notes += part.notes
    return verdict


def _record(path: Path, seed: int) -> list[Moved]:
    rng, chance = np.random.default_rng(seed), random.Random(seed)
    n = DAY_S * RATE_HZ
    t_s = np.arange(1, n + 1) / RATE_HZ
    grams = np.zeros((n, 8))  # that each row gains
    stock = {(plate, good.sku): STOCK for plate, goods in GOODS.items() for good in goods}
    for number, plate in enumerate(PLATES):
        for good in GOODS[plate]:
            place = np.array(shares((good.x_mm[0] + good.x_mm[1]) / 2, DEPTH_MM / 2))
            grams[0, 4 * number : 4 * number + 4] += place * good.grams * STOCK
    moved = []
    at_s = 20.0
    while at_s < DAY_S - 20.0:
        plate = chance.choice(PLATES)
        good = chance.choice(GOODS[plate])
        held = stock[plate, good.sku]
        qty = 1 if held < STOCK and (held < 5 or chance.random() < 0.45) else -1
        stock[plate, good.sku] += qty
        x_mm, y_mm = chance.uniform(good.x_mm[0] + 30, good.x_mm[1] - 30), chance.uniform(80, DEPTH_MM - 80)
        first = round(at_s * RATE_HZ)
        share = np.clip((t_s[first : first + RAMP_ROWS] - at_s) / RAMP_S, 0.0, 1.0)
        step = np.diff(share * share * (3 - 2 * share), prepend=0.0) * qty * chance.gauss(good.grams, good.sd_g)
        base = 4 * PLATES.index(plate)
        grams[first : first + RAMP_ROWS, base : base + 4] += step[:, None] * np.array(shares(x_mm, y_mm))
        moved.append(Moved(START_NS / 1e9 + at_s + RAMP_S / 2, plate, good.sku, qty))
        at_s += max(LEAST_PAUSE_S, chance.uniform(*PAUSE_S))
    grams = grams.cumsum(axis=0)
    grams += WARMTH_G * np.sin(2 * np.pi * (t_s[:, None] / DAY_S + np.arange(8) / 8))
    zero, per_gram = (np.array(column) for column in zip(*(counts_of(channel) for channel in range(8)), strict=True))
    counts = np.round(zero + per_gram * grams + rng.normal(0, NOISE_COUNTS, grams.shape)).astype(np.int64)
    write_recording(path, {BOARD_ID.hex(): _chunks(t_s, counts)}, store_text())
    return moved


def _chunks(t_s: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> list[Chunk]:
    t_us = np.round(t_s * 1e6).astype(np.int64) & 0xFFFFFFFF  # wraps twenty times
    rows = sample_frames(np.arange(len(t_s)) & 0xFFFF, t_us, np.full(len(t_s), 0xFF), counts)
    out = [Chunk(0.0, b"\0" + Hello(BOARD_ID, 8, RATE_HZ).encode())]
    for k in range(0, len(rows), ROWS_A_CHUNK):
        part = rows[k : k + ROWS_A_CHUNK]
        out.append(Chunk(float(t_s[k + len(part) - 1]) + 0.0004, part.tobytes()))
    return out


def _replayed(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """The events, and by how many bytes the process grew once it was warm."""
    words = [program("shelf-agent"), "replay", "--store", str(folder / "store.toml")]
    words += ["--recording", str(folder / "day.mcap"), "--state", str(folder / "state")]
    looks: list[int] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        over = threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, looks, over), daemon=True)
        watch.start()
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
        over.set()
        watch.join()
    if process.returncode:
        raise RuntimeError(f"the replay ended with exit code {process.returncode}")
    warm = looks[round(len(looks) * WARM_SHARE) :]
    return events, max(warm, default=0) - (warm[0] if warm else 0)


def _watch(pid: int, looks: list[int], over: threading.Event) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    while not over.is_set():
        try:
            looks.append(int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * page)
        except OSError:
            return  # it has ended
        time.sleep(LOOK_S)
