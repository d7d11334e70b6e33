"""One port: its frames, who hangs on it, and its conversions on the monotonic line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.pipeline.arrivals import Arrivals, Chunk, gathered
from agent.pipeline.line import LineHealth
from agent.timebase import BoardClock
from agent.wire import Frame, FrameStream, Hello, OtherProtocol, Reply, Samples, Status, StreamState, Taken

Number = TypeVar("Number", bound=np.generic)

HOLD_NS = 6_000_000_000  # what comes before the first HELLO waits so long: a HELLO comes every 5 s
_MAX_HELD_BLOCKS = 2_000
_NEVER: NDArray[np.int64] = np.empty(0, np.int64)
_FIRST: NDArray[np.int64] = np.zeros(1, np.int64)
_MANY, _LONG_ROW = 256, 8  # fewer frames, or so few in a row, are sought one by one
_BITS: NDArray[np.uint8] = np.left_shift(1, np.arange(8)).astype(np.uint8)[:, np.newaxis]  # of each channel


@dataclass(eq=False)
class Rows:
    """Conversions of a board in order: `t_ns` [n], `counts` [n, channels], `present` [n, channels]."""

    channels: int
    t_ns: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    counts: NDArray[np.int32] = field(init=False)
    present: NDArray[np.bool_] = field(init=False)
    first: int = 0  # number of the first row held, counted since the board began

    def __post_init__(self) -> None:
        self.counts = np.empty((0, self.channels), np.int32)
        self.present = np.empty((0, self.channels), np.bool_)

    @property
    def end(self) -> int:
        return self.first + len(self.t_ns)

    def append(self, t_ns: NDArray[np.int64], counts: NDArray[np.int32], present: NDArray[np.bool_]) -> None:
        """Rows that follow the last."""
        if not len(self.t_ns):
            self.t_ns, self.counts, self.present = t_ns, counts, present
            return
        self.t_ns = np.concatenate((self.t_ns, t_ns))
        self.counts = _end_to_end(self.counts, counts)
        self.present = _end_to_end(self.present, present)

    def until(self, t_ns: int) -> int:
        """Number of the first row at or after `t_ns`."""
        return self.first + int(self.t_ns.searchsorted(t_ns))

    def forget(self, number: int) -> None:
        """Drop rows before row `number`."""
        drop = number - self.first
        if drop > 0:
            self.t_ns, self.counts, self.present = self.t_ns[drop:], self.counts[drop:], self.present[drop:]
            self.first = number


@dataclass(frozen=True, slots=True, eq=False)
class Calm:
    """Decoded bytes of a stretch in which SAMPLEs came and nothing else that matters."""

    samples: Samples | None
    arrival_ns: NDArray[np.int64]
    status: Status | None


class BoardLink:
    """The stream of one source. After `take`, `hello` and `status` are the latest, and `rows` holds what came."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.hello: Hello | None = None
        self.other: OtherProtocol | None = None
        self.status: Status | None = None
        self.stream = FrameStream()
        self.line = LineHealth()
        self.rows: Rows | None = None
        self.last_sample_arrival_ns: int | None = None
        self.introduced_ns: int | None = None  # arrival of the first HELLO
        self._clock = BoardClock()
        self._held: list[tuple[NDArray[np.int64], Samples]] = []

    @property
    def known_until_ns(self) -> int | None:
        """Time of the last conversion; None before any."""
        return int(self.rows.t_ns[-1]) if self.rows is not None and len(self.rows.t_ns) else self._until

    def expected_ns(self, t_ns: int) -> int:
        """When a conversion at or after an instant is to come, going by the pace of the last ones; `known_until_ns`
        must be known."""
        last_ns = self.known_until_ns
        assert last_ns is not None
        if last_ns >= t_ns or not self._period_ns:
            return t_ns
        return last_ns - (last_ns - t_ns) // self._period_ns * self._period_ns

    _until: int | None = None
    _period_ns: int = 0  # between the last conversions

    def take(self, chunks: list[Chunk]) -> Iterator[Hello | OtherProtocol]:
        """Decode chunks of this source, in order; yields who introduced itself."""
        (arrivals,) = gathered(chunks)
        before = self.stream.position
        for frame in self.stream.feed(arrivals.data):
            if isinstance(frame, Samples):
                arrived = _arrived(arrivals, frame, before)
                self.last_sample_arrival_ns = int(arrived[-1])
                self.line.came(frame)
                self._samples(frame, arrived)
            elif isinstance(frame, Status):
                self.status = frame
            elif isinstance(frame, Hello):
                if self.introduced_ns is None:
                    self.introduced_ns = int(arrivals.t_mono_ns[-1])
                self.other = None
                self._introduce(frame)
                yield frame
            elif isinstance(frame, OtherProtocol):
                self.other = frame
                yield frame
        self.line.look(int(arrivals.t_mono_ns[-1]), self.stream.counters.bad)

    def follow(self, other: BoardLink) -> None:
        """The board that hung at another port hangs here now: its rows are counted on."""
        if self.rows is not None and other.rows is not None:
            self.rows.first = max(self.rows.first, other.rows.end)

    def look(self, arrivals: Arrivals, taken: Taken, state: StreamState, until_ns: int, silent_ns: int) -> Calm | None:
        """Of a stretch up to `until_ns` that was `taken` from a stream that stood at `state`: whether nothing happens
        in it, no frame missing or damaged, no news of the board, no pause longer than `silent_ns`. `accept` takes it
        over, or the stream is to go back.
        """
        samples = taken.samples
        arrival_ns = _arrived(arrivals, samples, state.position) if samples is not None else _NEVER
        status = next((frame for _, frame in reversed(taken.others) if isinstance(frame, Status)), None)
        calm = (
            self.stream.counters.bad == sum(state.dropped.values())
            and (samples is None or (self.rows is not None and samples.channels == self.rows.channels))
            and all(self._known(frame) for frame in _different(taken.others))
            and self.line.well(samples)
            and self.heard_until(until_ns, silent_ns, arrival_ns)
        )
        return Calm(samples, arrival_ns, status) if calm else None

    def accept(self, calm: Calm) -> None:
        """Take over what was looked at."""
        if calm.status is not None:
            self.status = calm.status
        if calm.samples is not None:
            self.last_sample_arrival_ns = int(calm.arrival_ns[-1])
            self.line.went_on(calm.samples)
            self._samples(calm.samples, calm.arrival_ns)

    def heard_until(self, until_ns: int, silent_ns: int, arrival_ns: NDArray[np.int64] = _NEVER) -> bool:
        """Whether SAMPLEs came without a longer pause, those of `arrival_ns` among them, from a board that is known."""
        last_ns = self.last_sample_arrival_ns
        if self.hello is None or self.other is not None or last_ns is None:
            return False
        if not len(arrival_ns):
            return until_ns - last_ns <= silent_ns
        edges = int(arrival_ns[0]) - last_ns, until_ns - int(arrival_ns[-1])
        return max(edges) <= silent_ns and bool((arrival_ns[1:] - arrival_ns[:-1] <= silent_ns).all())

    def _known(self, frame: Frame) -> bool:
        """A frame that says nothing new of the board."""
        if isinstance(frame, Status):
            return frame.faults == (0 if self.status is None else self.status.faults)
        return isinstance(frame, Reply) or frame == self.hello

    def _introduce(self, hello: Hello) -> None:
        before, self.hello = self.hello, hello
        if before is not None and (before.boot != hello.boot or before.board_id != hello.board_id):
            self._clock.restart()
            self.line.restart()
        if self.rows is None or self.rows.channels != hello.channels:
            self.rows = Rows(hello.channels, first=self.rows.end if self.rows is not None else 0)
        held, self._held = self._held, []
        for arrival_ns, samples in held:
            self._samples(samples, arrival_ns)

    def _samples(self, samples: Samples, arrival_ns: NDArray[np.int64]) -> None:
        if self.hello is None or self.rows is None:
            self._held.append((arrival_ns, samples))
            while len(self._held) > _MAX_HELD_BLOCKS or self._held[0][0][-1] < arrival_ns[-1] - HOLD_NS:
                del self._held[0]
            return
        if samples.channels != self.rows.channels:
            return  # of a board before a change of channels; HELLO tells the width that counts
        t_ns = self._clock.to_mono(samples.t_board_us, arrival_ns)
        present = (samples.present & _BITS[: samples.channels]) != 0
        self.rows.append(t_ns, samples.counts, present.T)
        before_ns, self._until = self._until, int(t_ns[-1])
        if len(t_ns) > 1:
            self._period_ns = (self._until - int(t_ns[0])) // (len(t_ns) - 1)
        elif before_ns is not None:
            self._period_ns = self._until - before_ns


def _different(frames: list[tuple[int, Frame]]) -> Iterable[Frame]:
    """Each once: a HELLO that came again is the same object."""
    return {id(frame): frame for _, frame in frames}.values()


def _end_to_end(early: NDArray[Number], late: NDArray[Number]) -> NDArray[Number]:
    """Rows [n, channels] that follow each other, each channel's in one piece."""
    columns = np.empty((early.shape[1], len(early) + len(late)), early.dtype)
    return np.concatenate((early.T, late.T), axis=1, out=columns).T


def _arrived(arrivals: Arrivals, samples: Samples, position: int) -> NDArray[np.int64]:
    """When the last byte of each SAMPLE arrived; the stretch begins at `position` of the stream."""
    ends = samples.end_offset
    if len(ends) < len(arrivals.ends):
        result: NDArray[np.int64] = arrivals.t_mono_ns[arrivals.ends.searchsorted(ends - position)]
        return result
    ended = _numbers_by(ends, arrivals.ends + position)
    return np.repeat(arrivals.t_mono_ns, np.diff(ended, prepend=0))


def _numbers_by(ends: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of `ends` [n] lie at or before each of `edges` [k]; both rise. Frames of one length follow each other
    but for few others between them: in a row of them a division tells, which is quicker than to seek each edge."""
    apart = ends[1:] - ends[:-1]
    if len(edges) < _MANY or len(apart) < _MANY:
        return ends.searchsorted(edges, side="right")
    usual = apart[len(apart) // 2]
    begins = np.concatenate((_FIRST, np.flatnonzero(apart != usual) + 1))  # of rows of frames
    if len(begins) > len(ends) // _LONG_ROW:
        return ends.searchsorted(edges, side="right")
    first = edges.searchsorted(ends[begins])  # edge from there on
    number = np.diff(first, append=len(edges))
    out = np.zeros(len(edges), np.int64)
    behind = out[first[0] :]
    np.subtract(edges[first[0] :], np.repeat(ends[begins] - (begins + 1) * usual, number), out=behind)
    behind //= usual  # if the row never ended
    np.minimum(behind, np.repeat(np.append(begins[1:], len(ends)), number), out=behind)
    return out
