"""Frames out of a stream that is cut anywhere. Any chunking gives the same frames and the same counts."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from agent.wire.bulk import decode_samples
from agent.wire.frames import (
    CRC_BYTES,
    Counters,
    Frame,
    FrameError,
    Samples,
    decode_body,
    sample_channels,
    unseal,
)

MAX_GAP_BYTES = 128  # bytes without a delimiter that are still held; a frame has at most 67
_BULK_FRAMES = 4  # from so many SAMPLEs in a row on, columns are quicker than single frames


class FrameStream:
    """Takes bytes as they come, gives frames in order; SAMPLEs in a row come as one block."""

    def __init__(self) -> None:
        self.counters = Counters()
        self._tail = b""
        self._skipping = False  # within a run that was too long for a frame
        self._joined = False  # has a delimiter been seen: what came before may be the rest of a frame
        self._offset = 0  # stream position of the tail's first byte

    @property
    def position(self) -> int:
        """Bytes taken so far: the unit of `Samples.end_offset`."""
        return self._offset + len(self._tail)

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`."""
        held = self._tail + data
        base = self._offset
        stream = np.frombuffer(held, np.uint8)
        ends = np.flatnonzero(stream == 0)
        if not ends.size:
            self._keep(held, base)
            return []
        starts = np.concatenate(([0], ends[:-1] + 1))
        frames = self._frames(held, stream, starts, ends, base)
        last = int(ends[-1]) + 1
        self._keep(held[last:], base + last)
        return frames

    def _keep(self, tail: bytes, offset: int) -> None:
        if len(tail) > MAX_GAP_BYTES:
            if not self._skipping:
                self.counters.dropped["overrun"] += 1
            self._skipping = True
        if self._skipping:
            offset += len(tail)
            tail = b""
        self._tail, self._offset = tail, offset

    def _frames(
        self, held: bytes, stream: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], base: int
    ) -> list[Frame]:
        frames: list[Frame] = []
        lengths = ends - starts
        first = 0
        if not self._joined or self._skipping:
            self._first(held[: int(ends[0])], base + int(ends[0]) + 1, frames)
            first = 1
        # runs of equal length, among them the long rows of SAMPLEs
        edges = np.flatnonzero(np.diff(lengths[first:])) + 1 + first
        bounds = [first, *edges.tolist(), len(lengths)]
        for begin, end in itertools.pairwise(bounds):
            if begin == end:
                continue
            length = int(lengths[begin])
            if end - begin >= _BULK_FRAMES and sample_channels(length - 1 - CRC_BYTES):
                self._bulk(held, stream, starts[begin:end], length, base, frames)
                continue
            for start in starts[begin:end].tolist():
                self._single(held[start : start + length], base + start + length + 1, frames)
        return _merged(frames)

    def _first(self, stuffed: bytes, end_offset: int, frames: list[Frame]) -> None:
        """The first run of a stream may be the end of a frame, that after an overrun is its end: no fault to count."""
        skipping, self._skipping, self._joined = self._skipping, False, True
        if skipping:
            return
        before = dict(self.counters.dropped)
        self._single(stuffed, end_offset, frames)
        if end_offset == len(stuffed) + 1:
            self.counters.dropped = before

    def _bulk(
        self,
        held: bytes,
        stream: NDArray[np.uint8],
        starts: NDArray[np.int64],
        length: int,
        base: int,
        frames: list[Frame],
    ) -> None:
        block, good = decode_samples(stream, starts, length, base)
        self.counters.good += len(block.seq)
        if good.all():
            frames.append(block)
            return
        position = 0
        for bad in np.flatnonzero(~good).tolist():
            until = int(np.count_nonzero(good[:bad]))
            frames.append(_part(block, position, until))
            position = until
            start = int(starts[bad])
            self._single(held[start : start + length], base + start + length + 1, frames)
        frames.append(_part(block, position, len(block.seq)))

    def _single(self, stuffed: bytes, end_offset: int, frames: list[Frame]) -> None:
        if not stuffed:
            return
        if len(stuffed) > MAX_GAP_BYTES:
            self.counters.dropped["overrun"] += 1
            return
        try:
            frames.append(decode_body(unseal(stuffed), end_offset))
            self.counters.good += 1
        except FrameError as error:
            self.counters.dropped[error.kind] += 1


def _part(block: Samples, begin: int, end: int) -> Samples:
    return Samples(
        block.seq[begin:end],
        block.t_board_us[begin:end],
        block.present[begin:end],
        block.counts[begin:end],
        block.end_offset[begin:end],
    )


def _merged(frames: list[Frame]) -> list[Frame]:
    """SAMPLEs of one width in a row as one block; empty blocks left out."""
    out: list[Frame] = []
    run: list[Samples] = []
    for frame in [*frames, None]:
        if isinstance(frame, Samples) and (not run or run[0].channels == frame.channels):
            if len(frame.seq):
                run.append(frame)
            continue
        if run:
            out.append(run[0] if len(run) == 1 else _joined(run))
            run = []
        if isinstance(frame, Samples):
            run.append(frame)
        elif frame is not None:
            out.append(frame)
    return out


def _joined(run: list[Samples]) -> Samples:
    return Samples(
        np.concatenate([block.seq for block in run]),
        np.concatenate([block.t_board_us for block in run]),
        np.concatenate([block.present for block in run]),
        np.concatenate([block.counts for block in run]),
        np.concatenate([block.end_offset for block in run]),
    )
