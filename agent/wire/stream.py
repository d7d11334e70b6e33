"""Frames out of a stream that is cut anywhere. Any chunking gives the same frames and the same counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.wire.bulk import decode_samples, gathered, unseal_alike
from agent.wire.frames import (
    CRC_BYTES,
    MAX_BODY_BYTES,
    MAX_CHANNELS,
    Counters,
    Frame,
    FrameError,
    Hello,
    Samples,
    decode_body,
    sample_channels,
    unseal,
)

MAX_GAP_BYTES = 128  # bytes without a delimiter that are still held; a frame has at most 67
_BULK_FRAMES = 4  # from so many SAMPLEs on, columns are quicker than single frames
_LONGEST = MAX_BODY_BYTES + CRC_BYTES + 1
_SAMPLE_LENGTHS = tuple(
    length for length in range(_LONGEST + 1) if 1 <= sample_channels(length - 1 - CRC_BYTES) <= MAX_CHANNELS
)


@dataclass(frozen=True, slots=True, eq=False)
class StreamState:
    """Where a stream stood; `FrameStream.rewind` goes back there."""

    tail: bytes
    skipping: bool
    joined: bool
    offset: int
    good: int
    dropped: dict[str, int]

    @property
    def position(self) -> int:
        """Bytes taken by then."""
        return self.offset + len(self.tail)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Frames completed by some bytes: the long row of SAMPLEs of one width, and all others with their place in it.

    `others` are pairs (k, frame): the frame came before row k of `samples`.
    """

    samples: Samples | None
    others: list[tuple[int, Frame]]


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

    def state(self) -> StreamState:
        """Where the stream stands."""
        counters = self.counters
        return StreamState(
            self._tail, self._skipping, self._joined, self._offset, counters.good, dict(counters.dropped)
        )

    def rewind(self, state: StreamState) -> None:
        """Go back to where the stream stood: what was taken since is to come again."""
        self._tail, self._skipping, self._joined = state.tail, state.skipping, state.joined
        self._offset = state.offset
        self.counters.good, self.counters.dropped = state.good, dict(state.dropped)

    def feed(self, data: bytes | memoryview) -> list[Frame]:
        """Frames completed by `data`, in order."""
        taken = self.take(data)
        frames: list[Frame] = []
        row = 0
        for k, frame in taken.others:
            if taken.samples is not None and k > row:
                frames.append(_part(taken.samples, row, k))
                row = k
            frames.append(frame)
        if taken.samples is not None and row < len(taken.samples.seq):
            frames.append(_part(taken.samples, row, len(taken.samples.seq)))
        return _merged(frames)

    def take(self, data: bytes | memoryview) -> Taken:
        """Frames completed by `data`: SAMPLEs of the width that most of them have as one block."""
        held = self._tail + data
        base = self._offset
        stream = np.frombuffer(held, np.uint8)
        ends = np.flatnonzero(stream == 0)
        if not ends.size:
            self._keep(held, base)
            return Taken(None, [])
        taken = self._frames(held, stream, ends, base)
        last = int(ends[-1]) + 1
        self._keep(held[last:], base + last)
        return taken

    @property
    def in_step(self) -> bool:
        """What comes next goes on with a frame, or begins one."""
        return self._joined and not self._skipping

    def _keep(self, tail: bytes, offset: int) -> None:
        if len(tail) > MAX_GAP_BYTES:
            if not self._skipping:
                self.counters.dropped["overrun"] += 1
            self._skipping = True
        if self._skipping:
            offset += len(tail)
            tail = b""
        self._tail, self._offset = tail, offset

    def begun(self, data: bytes | memoryview) -> tuple[list[bytes | memoryview], int]:
        """Bytes of whole frames that `data` completes, in pieces, and where in the stream they begin; the rest is
        kept."""
        tail, base = self._tail, self._offset
        near = max(len(data) - MAX_GAP_BYTES, 0)  # behind, there is a delimiter as nearly always
        last = bytes(data[near:]).rfind(b"\x00")
        whole = near + last + 1 if last >= 0 else bytes(data[:near]).rfind(b"\x00") + 1
        if not whole:
            self._keep(tail + data, base)
            return [], base
        self._keep(bytes(data[whole:]), base + len(tail) + whole)
        return [tail, memoryview(data)[:whole]], base

    def counted(self, samples: Samples, others: list[tuple[int, Frame]]) -> Taken:
        """Frames as `take` gives them: good SAMPLEs, and all others as `singly` gives them."""
        self.counters.good += len(samples.seq)
        return Taken(samples, others) if len(samples.seq) else _with_few(others)

    def singly(
        self,
        held: bytes,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        rows: NDArray[np.int64],
        base: int,
        *,
        news_only: bool = False,
    ) -> list[tuple[int, Frame]]:
        """Frames between `starts` [n] and `ends` [n] of `held`, which begins at `base` of the stream; before each came
        so many SAMPLEs, `rows` [n], that are no longer among them.

        `news_only`: a STATUS may be left out that is followed by another with the same faults.
        """
        bodies, no_news = unseal_alike(np.frombuffer(held, np.uint8), starts, ends, news_only=news_only)
        self.counters.good += len(no_news)
        out: list[tuple[int, Frame]] = []
        again: dict[bytes, Frame] = {}  # a HELLO says the same every five seconds
        numbers: Sequence[int] = range(len(starts))
        if no_news:
            told = np.delete(np.arange(len(starts)), no_news)
            numbers, starts, ends, rows = told.tolist(), starts[told], ends[told], rows[told]
        for k, start, end, row in zip(numbers, starts.tolist(), ends.tolist(), rows.tolist(), strict=True):
            found: list[Frame] = []
            body = bodies.get(k)
            if body is None:
                self._single(held[start:end], base + end + 1, found)
            elif body in again:
                found.append(again[body])
                self.counters.good += 1
            else:
                self._decoded(body, base + end + 1, found)
                if found and isinstance(found[0], Hello):
                    again[body] = found[0]
            out += [(row, frame) for frame in found]
        return out

    def _frames(self, held: bytes, stream: NDArray[np.uint8], ends: NDArray[np.int64], base: int) -> Taken:
        early: list[Frame] = []
        if not self._joined or self._skipping:
            first = int(ends[0])
            self._first(held[:first], base + first + 1, early)
            starts, ends = ends[:-1] + 1, ends[1:]
        else:
            starts = np.empty_like(ends)
            starts[0] = 0
            np.add(ends[:-1], 1, out=starts[1:])
        lengths = ends - starts
        length = usual_length(lengths)
        samples = None
        singly: NDArray[np.bool_] = np.ones(len(lengths), np.bool_)
        rows_before = np.zeros(len(lengths) + 1, np.int64)  # of `samples`, before each frame
        if length:
            alike = lengths == length
            which = np.flatnonzero(alike)
            begin = starts[which]
            samples, good = decode_samples(gathered(stream, begin, length), begin + (base + length + 1))
            self.counters.good += len(samples.seq)
            singly = ~alike
            if not good.all():
                singly[which[~good]] = True
            np.cumsum(~singly, out=rows_before[1:])
        others: list[tuple[int, Frame]] = [(0, frame) for frame in early]
        others += self.singly(held, starts[singly], ends[singly], rows_before[:-1][singly], base)
        return _with_few(others) if samples is None else Taken(samples, others)

    def _first(self, stuffed: bytes, end_offset: int, frames: list[Frame]) -> None:
        """The first run of a stream may be the end of a frame, that after an overrun is its end: no fault to count."""
        skipping, self._skipping, self._joined = self._skipping, False, True
        if skipping:
            return
        before = dict(self.counters.dropped)
        self._single(stuffed, end_offset, frames)
        if end_offset == len(stuffed) + 1:
            self.counters.dropped = before

    def _single(self, stuffed: bytes, end_offset: int, frames: list[Frame]) -> None:
        if not stuffed:
            return
        if len(stuffed) > MAX_GAP_BYTES:
            self.counters.dropped["overrun"] += 1
            return
        try:
            body = unseal(stuffed)
        except FrameError as error:
            self.counters.dropped[error.kind] += 1
        else:
            self._decoded(body, end_offset, frames)

    def _decoded(self, body: bytes, end_offset: int, frames: list[Frame]) -> None:
        try:
            frames.append(decode_body(body, end_offset))
            self.counters.good += 1
        except FrameError as error:
            self.counters.dropped[error.kind] += 1


def usual_length(lengths: NDArray[np.int64]) -> int:
    """The length that most SAMPLEs among frames of `lengths` have; 0 where there are too few of them."""
    if len(lengths) and lengths.max() > _LONGEST:
        lengths = np.minimum(lengths, _LONGEST + 1)
    many = np.bincount(lengths, minlength=_LONGEST + 2)
    length = max(_SAMPLE_LENGTHS, key=many.__getitem__)
    return length if many[length] >= _BULK_FRAMES else 0


def _with_few(others: list[tuple[int, Frame]]) -> Taken:
    """Frames that were decoded singly, in order: SAMPLEs among them as one block where they are of one width."""
    few = [frame for _, frame in others if isinstance(frame, Samples)]
    if not few or any(block.channels != few[0].channels for block in few):
        return Taken(None, others)
    rest: list[tuple[int, Frame]] = []
    row = 0
    for _, frame in others:
        if isinstance(frame, Samples):
            row += len(frame.seq)
        else:
            rest.append((row, frame))
    return Taken(few[0] if len(few) == 1 else _joined(few), rest)


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
