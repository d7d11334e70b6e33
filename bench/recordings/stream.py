"""A board's bytes over time: HELLO, STATUS and SAMPLE in order, damage on the way, chunks as USB delivers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.physics.parameters import RoomFigures
from bench.recordings.framing import assemble
from bench.recordings.measuring import Conversions
from bench.wire import Damage, Hello, Status

HELLO_EVERY_S = 5.0
STATUS_EVERY_S = 1.0
BYTE_S = 10 / 500_000  # 8N1 at 500 000 baud
USB_POLL_S = (0.016, 0.030)
SETTLING_CONVERSIONS = 4  # after power-up none is sent before


@dataclass(frozen=True)
class Chunk:
    """Bytes as they came off a port, and when (s of the recording)."""

    arrived_s: float
    data: bytes


def board_stream(
    board: str, conversions: Conversions, rate_hz: int, figures: RoomFigures, damage: Damage, rng: np.random.Generator
) -> list[Chunk]:
    """All that one board sends during a recording that begins in the middle of its life."""
    samples = assemble(conversions, rate_hz)
    duration_s = float(samples.sent_s[-1]) if len(samples.sent_s) else 0.0
    clock = 1.0 + figures.board_clock_ppm.draw_signed(rng) * 1e-6
    start_us = int(rng.integers(0, 1 << 32))
    t_board_us = start_us + np.floor(samples.first_s * clock * 1e6).astype(np.int64)
    frames = [row.tobytes() for row in samples.encode(t_board_us)]
    life_us = start_us + (int(rng.integers(0, 200)) << 32)  # the board has run for days: its clock has wrapped
    others = _hellos(board, conversions, rate_hz, duration_s, rng)
    others += _statuses(conversions, rate_hz, life_us / 1e6, clock, duration_s, rng)
    at = np.concatenate([samples.sent_s, [t for t, _ in others]])
    every = frames + [data for _, data in others]
    order = np.argsort(at, kind="stable")
    lines = [damage.harm(every[int(k)], rng) for k in order]
    return _chunks(at[order], lines, duration_s, rng)


def _hellos(
    board: str, conversions: Conversions, rate_hz: int, duration_s: float, rng: np.random.Generator
) -> list[tuple[float, bytes]]:
    hello = Hello(bytes.fromhex(board), len(conversions.times_s), rate_hz, boot=int(rng.integers(1, 400))).encode()
    phase = float(rng.uniform(0, 0.4))  # the agent's IDENTIFY at the start, then the board's own rhythm
    return [(t, hello) for t in np.concatenate([[0.05], np.arange(0.5 + phase, duration_s, HELLO_EVERY_S)])]


def _statuses(
    conversions: Conversions, rate_hz: int, uptime_s: float, clock: float, duration_s: float, rng: np.random.Generator
) -> list[tuple[float, bytes]]:
    base_degc = float(rng.uniform(3, 26))
    out: list[tuple[float, bytes]] = []
    late_s = np.sort(np.concatenate([np.zeros(0), *conversions.late_s]))
    for t in np.arange(float(rng.uniform(0.1, 0.9)), duration_s, STATUS_EVERY_S):
        kelvin = float(conversions.temperature_k[min(int(t), len(conversions.temperature_k) - 1)])
        faults = 0
        for channel, times in enumerate(conversions.times_s):
            seen = int(np.searchsorted(times, t))
            if t > 1.0 + SETTLING_CONVERSIONS / rate_hz and (seen == 0 or t - times[seen - 1] > 1.0):
                faults |= 1 << channel
        status = Status(
            int(uptime_s + t * clock),
            round(100 * (base_degc + kelvin + float(rng.normal(0, 0.03)))),
            5000 + int(rng.integers(-30, 30)),
            late_reads=int(np.searchsorted(late_s, t)),
            faults=faults,
        )
        out.append((float(t), status.encode()))
    return out


def _chunks(
    at_s: npt.NDArray[np.float64], lines: list[bytes], duration_s: float, rng: np.random.Generator
) -> list[Chunk]:
    """Cut the byte stream where the host's reads would: every 16-30 ms, wherever in a frame that falls."""
    data = b"".join(lines)
    lengths = np.array([len(line) for line in lines], dtype=np.float64)
    begin = np.maximum.accumulate(at_s)
    ends = np.cumsum(lengths)
    polls = np.cumsum(rng.uniform(*USB_POLL_S, int(duration_s / USB_POLL_S[0]) + 8))
    which = np.searchsorted(begin, polls, side="right") - 1
    inside = np.clip(np.floor((polls - begin[np.maximum(which, 0)]) / BYTE_S), 0, lengths[np.maximum(which, 0)])
    upto = np.where(which < 0, 0, ends[np.maximum(which, 0)] - lengths[np.maximum(which, 0)] + inside).astype(np.int64)
    upto = np.maximum.accumulate(upto)
    lag = rng.uniform(0.0002, 0.002, len(polls))
    out, done = [], 0
    for poll, end, late in zip(polls, upto, lag, strict=True):
        if end > done:
            out.append(Chunk(float(poll + late), data[done : int(end)]))
            done = int(end)
    if done < len(data):
        out.append(Chunk(float(polls[-1] + USB_POLL_S[1]), data[done:]))
    return out
