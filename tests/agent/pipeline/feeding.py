"""Recordings and hand-made boards through the pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agent.messages import Correction, Movement
from agent.pipeline import Chunk, Pipeline, Told, stamp
from agent.sources.recording import Recording
from agent.store import Store, load_store, parse_store
from bench.wire import Hello, Status, sample_frames

S = 1_000_000_000
BUSY = Path(__file__).parents[2] / "data" / "busy"


@dataclass(frozen=True)
class Case:
    """A recording with its store and truth."""

    store: Store
    chunks: tuple[Chunk, ...]
    truth: dict[str, Any]

    @property
    def start_ns(self) -> int:
        return int(self.truth["start_ns"])

    def until(self, seconds: float) -> tuple[Chunk, ...]:
        return tuple(chunk for chunk in self.chunks if chunk.t_mono_ns < self.start_ns + seconds * S)

    def since(self, seconds: float) -> tuple[Chunk, ...]:
        return tuple(chunk for chunk in self.chunks if chunk.t_mono_ns >= self.start_ns + seconds * S)


@cache
def case(folder: Path) -> Case:
    chunks = Recording(folder / "recording.mcap").chunks()
    return Case(
        load_store(folder / "store.toml"),
        tuple(Chunk(chunk.source, chunk.t_mono_ns, chunk.data) for chunk in chunks),
        json.loads((folder / "truth.json").read_text()),
    )


def fed(pipeline: Pipeline, chunks: Iterable[Chunk], *, finish: bool = True) -> list[Told]:
    out: list[Told] = []
    for chunk in chunks:
        out += pipeline.feed(chunk)
    return out + pipeline.finish() if finish else out


def told_g(told: Iterable[Told]) -> float:
    """What plates gained by the events as corrected."""
    grams: dict[str, float] = {}
    for event in told:
        if isinstance(event.data, Movement):
            grams[event.id] = event.data.delta_g
        elif isinstance(event.data, Correction) and event.data.withdrawn:
            del grams[event.data.corrects]
    return sum(grams.values())


def lines(told: Sequence[Told], store: Store) -> list[str]:
    """Events as they are published: the bytes that must not change."""
    return [stamp(event, store.id, store.agents[0], 0).to_json() for event in told]


def replayed(store: Store, chunks: Iterable[Chunk]) -> list[str]:
    return lines(fed(Pipeline(store, store.agents[0], "replay"), chunks), store)


# ---- boards made by hand

BOARD = "b000000000000001"
OTHER = "b000000000000002"
COUNTS_PER_GRAM = 400.0
RATE_HZ = 80


def small_store(*boards: str) -> Store:
    """A plate of one cell on channel 0 of each board: P1, P2 ..; colas of 350 g on it."""
    text = 'schema = "store/1"\n[store]\nid = "demo"\ncurrency = "EUR"\n'
    text += '[[item]]\nsku = "cola"\nname = "Cola"\nprice = "1.50"\nsold_by = "unit"\n'
    text += "unit_weight_g = 350.0\nunit_sd_g = 1.8\n"
    for k, board in enumerate(boards):
        text += f'[[plate]]\nid = "P{k + 1}"\nsize_mm = [220.0, 300.0]\nmax_g = 5000.0\n'
        text += f'[[plate.cell]]\nboard = "{board}"\nchannel = 0\nx_mm = 110.0\ny_mm = 150.0\n'
        text += f"zero_counts = 1000\ncounts_per_gram = {COUNTS_PER_GRAM}\n"
        text += '[[plate.lane]]\nsku = "cola"\nx_mm = [0.0, 220.0]\nstock = 8\n'
    return parse_store(text.encode(), "shop.toml")


def hello(board: str = BOARD, boot: int = 1, protocol: int = 1, channels: int = 1) -> bytes:
    from bench.wire import frame

    body = Hello(bytes.fromhex(board), channels, RATE_HZ, boot=boot).body()
    return frame(body[:1] + bytes([protocol]) + body[2:])


def status(faults: int = 0) -> bytes:
    return Status(1, faults=faults).encode()


class Board:
    """A board that streams weights, in chunks of 25 ms."""

    def __init__(self, source: str = "port0", board: str = BOARD, seed: int = 1) -> None:
        self.source, self.board = source, board
        self.t_ns = 1_000 * S
        self.weight_g = 2_800.0
        self._seq = 0
        self._rng = np.random.default_rng(seed)
        self._us = 5_000_000

    def introduce(self, boot: int = 1, board: str | None = None, protocol: int = 1) -> list[Chunk]:
        return [Chunk(self.source, self.t_ns, b"\x00" + hello(board or self.board, boot, protocol))]

    def pause(self, seconds: float) -> None:
        """Nothing comes; its clock goes on."""
        self.t_ns += round(seconds * S)
        self._us += round(seconds * 1e6)

    def weigh(
        self, seconds: float, weight_g: float | None = None, move_s: float = 0.15, *, present: bool = True
    ) -> list[Chunk]:
        """Go to a weight and rest there; where it is not `present`, the chip gives no conversion."""
        n = round(seconds * RATE_HZ)
        target = self.weight_g if weight_g is None else weight_g
        share = np.clip(np.arange(n) / (move_s * RATE_HZ), 0, 1)
        weights = self.weight_g + (target - self.weight_g) * (1 - np.cos(np.pi * share)) / 2
        self.weight_g = target
        counts = np.round(1_000 + COUNTS_PER_GRAM * weights + self._rng.normal(0, 120, n)).astype(np.int64) * present
        t_us = self._us + (np.arange(1, n + 1) * 1e6 / RATE_HZ).astype(np.int64)
        frames = sample_frames(self._seq + np.arange(n), t_us, np.full(n, int(present)), counts[:, None])
        out = []
        for k in range(0, n, 2):
            rows = frames[k : k + 2]
            arrival = self.t_ns + round((k + len(rows)) * S / RATE_HZ) + 400_000
            out.append(Chunk(self.source, arrival, b"".join(row.tobytes() for row in rows)))
        self.t_ns += round(n * S / RATE_HZ)
        self._us = int(t_us[-1])
        self._seq += n
        return out


def merged(*streams: list[Chunk]) -> list[Chunk]:
    """Streams in order of arrival."""
    return sorted((chunk for stream in streams for chunk in stream), key=lambda chunk: chunk.t_mono_ns)
