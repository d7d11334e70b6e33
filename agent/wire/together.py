"""Many streams at once: SAMPLEs of one width are decoded together, whichever stream they came in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.wire.bulk import decode_samples, gathered
from agent.wire.frames import Samples
from agent.wire.stream import FrameStream, Taken, usual_length

_LEAST_SHARE = 0.5  # of a stream's frames that are as most are: else it is decoded alone


def take_together(streams: Sequence[FrameStream], data: Sequence[bytes | memoryview]) -> list[Taken]:
    """What `take` of each stream gives of its data; a STATUS may be left out that is followed by another with the same
    faults."""
    if len(streams) < 2 or not all(stream.in_step for stream in streams):
        return [stream.take(own) for stream, own in zip(streams, data, strict=True)]
    states = [stream.state() for stream in streams]
    begun = [stream.begun(own) for stream, own in zip(streams, data, strict=True)]
    held = b"".join([piece for pieces, _ in begun for piece in pieces])
    held_bytes = [sum(len(piece) for piece in pieces) for pieces, _ in begun]
    stream_ends = np.cumsum(held_bytes)
    flat = np.frombuffer(held, np.uint8)
    ends = np.flatnonzero(flat == 0)
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1)) if len(ends) else ends
    lengths = ends - starts
    length = usual_length(lengths)
    edges = [0, *ends.searchsorted(stream_ends).tolist()]  # frames of each stream
    alike = np.flatnonzero(lengths == length)
    frames, those = np.diff(edges), np.diff(alike.searchsorted(edges))  # of each stream
    shares = those[frames > 0] / frames[frames > 0]
    if not length or (shares < _LEAST_SHARE).any():
        for stream, state in zip(streams, states, strict=True):
            stream.rewind(state)
        return [stream.take(own) for stream, own in zip(streams, data, strict=True)]
    begins = starts[alike]
    block, good = decode_samples(gathered(flat, begins, length), begins + (length + 1))
    rows = alike if good.all() else alike[good]
    single = np.ones(len(starts), np.bool_)
    single[rows] = False
    out = []
    for number, (stream, (_, base)) in enumerate(zip(streams, begun, strict=True)):
        first, last = edges[number], edges[number + 1]
        shift = base - (int(stream_ends[number]) - held_bytes[number])
        a, b = rows.searchsorted((first, last)).tolist()
        own = Samples(
            block.seq[a:b], block.t_board_us[a:b], block.present[a:b], block.counts[a:b], block.end_offset[a:b] + shift
        )
        singly = first + np.flatnonzero(single[first:last])
        before = rows.searchsorted(singly) - a
        others = stream.singly(held, starts[singly], ends[singly], before, shift, news_only=True)
        out.append(stream.counted(own, others))
    return out
