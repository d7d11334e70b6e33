"""A case as the published rules read it: grams a plate on an even time line, products, and who was where."""

from __future__ import annotations

import json
import struct
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mcap.reader import make_reader

from bench.wire import CobsError, unframe
from bench.wire.frames import SAMPLE

Signal = npt.NDArray[np.float64]
EVEN_HZ = 60.0  # the winners' shelves sent 60 values a second


@dataclass(frozen=True)
class Product:
    """A product as the store file has it; `plates` is where it is planned."""

    sku: str
    unit_weight_g: float
    plates: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """What a rule may see. Times are seconds from the recording's start."""

    t_s: Signal
    weight_g: dict[str, Signal]  # by plate, on t_s
    products: tuple[Product, ...]
    presence: tuple[tuple[float, str, str], ...]

    def shopper_at(self, plate: str, t_s: float) -> str:
        """Who stood before a plate last; "" where nobody was seen."""
        seen = [(t, who) for t, who, where in self.presence if where == plate and t <= t_s + 0.5]
        return max(seen)[1] if seen else ""


def read_case(folder: Path) -> Reading:
    """Read a case's recording, store file and presence."""
    store = tomllib.loads((folder / "store.toml").read_text(encoding="utf-8"))
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    presence = json.loads((folder / "presence.json").read_text(encoding="utf-8"))
    boards = {topic: _samples(chunks) for topic, chunks in _chunks(folder / "recording.mcap").items()}
    t_s = np.arange(0.0, float(truth["duration"]), 1.0 / EVEN_HZ)
    weight_g = {plate["id"]: _plate_weight(plate, boards, truth["start_ns"], t_s) for plate in store["plate"]}
    planned: dict[str, set[str]] = {}
    for plate in store["plate"]:
        for lane in plate["lane"]:
            planned.setdefault(lane["sku"], set()).add(plate["id"])
    products = tuple(
        Product(item["sku"], item["unit_weight_g"], frozenset(planned.get(item["sku"], ()))) for item in store["item"]
    )
    return Reading(t_s, weight_g, products, tuple((t, who, plate) for t, who, plate in presence))


@dataclass(frozen=True)
class BoardSamples:
    """A board's SAMPLEs: UTC of each first conversion (ns), which channels are present, and their counts."""

    t_utc_ns: Signal
    present: npt.NDArray[np.bool_]  # [n, channels]
    counts: Signal  # [n, channels]


def _chunks(path: Path) -> dict[str, list[tuple[int, bytes]]]:
    out: dict[str, list[tuple[int, bytes]]] = {}
    with path.open("rb") as file:
        for _, channel, message in make_reader(file).iter_messages(log_time_order=False):
            if channel.topic.startswith("serial/"):
                out.setdefault(channel.topic.removeprefix("serial/"), []).append((message.log_time, message.data))
    return out


def _samples(chunks: list[tuple[int, bytes]]) -> BoardSamples:
    """Good SAMPLEs of a board, its clock laid on the arrivals: no frame arrives before it was sent."""
    arrived = np.array([t for t, _ in chunks], dtype=np.int64)
    ends = np.cumsum([len(data) for _, data in chunks])
    stamps: list[int] = []
    masks: list[int] = []
    counts: list[bytes] = []
    places: list[int] = []
    at = 0
    for block in b"".join(data for _, data in chunks).split(b"\x00"):
        at += len(block) + 1
        try:
            body = unframe(block)
        except CobsError:
            continue
        if body[0] == SAMPLE and len(body) > 8:
            _, t_us, mask = struct.unpack_from("<HIB", body, 1)
            stamps.append(t_us)
            masks.append(mask)
            counts.append(body[8:])
            places.append(at)
    board_ns = np.unwrap(np.array(stamps, dtype=np.float64), period=2.0**32) * 1e3
    lag = arrived[np.searchsorted(ends, np.array(places))] - board_ns
    raw = np.frombuffer(b"".join(counts), dtype=np.uint8).reshape(len(stamps), -1, 3).astype(np.int64)
    value = raw[:, :, 0] | raw[:, :, 1] << 8 | raw[:, :, 2] << 16
    value -= (value >> 23) << 24
    present = (np.array(masks)[:, None] >> np.arange(value.shape[1])) & 1 == 1
    return BoardSamples(board_ns + _least_lag(board_ns, lag), present, value.astype(np.float64))


def _least_lag(board_ns: Signal, lag: Signal) -> Signal:
    """The least transport lag as a straight line over time (the two clocks differ by some 100 ppm)."""
    quarter = max(1, len(lag) // 4)
    early, late = int(np.argmin(lag[:quarter])), len(lag) - quarter + int(np.argmin(lag[-quarter:]))
    if early == late:
        return np.full_like(lag, lag[early])
    slope = (lag[late] - lag[early]) / (board_ns[late] - board_ns[early])
    return np.asarray(lag[early] + slope * (board_ns - board_ns[early]), dtype=np.float64)


def _plate_weight(plate: dict[str, Any], boards: dict[str, BoardSamples], start_ns: int, t_s: Signal) -> Signal:
    total = np.zeros(len(t_s))
    for cell in plate["cell"]:
        board = boards[cell["board"]]
        there = board.present[:, cell["channel"]]
        grams = (board.counts[there, cell["channel"]] - cell["zero_counts"]) / cell["counts_per_gram"]
        if len(grams) > 2:  # single wild conversions go first: the published peers filter them so
            grams[1:-1] = np.median(np.stack([grams[:-2], grams[1:-1], grams[2:]]), axis=0)
        total += np.interp(t_s, (board.t_utc_ns[there] - start_ns) / 1e9, grams)
    return total
