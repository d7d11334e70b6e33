"""The recording's container: MCAP after contract recording.md."""

from __future__ import annotations

from pathlib import Path

from mcap.reader import make_reader
from mcap.writer import Writer

from bench.recordings.stream import Chunk

CHUNK_NS = 1_000_000_000  # the recorder closes a chunk every second
START_NS = 1_790_000_000_000_000_000  # UTC of t = 0 in every recording


def write_recording(path: Path, streams: dict[str, list[Chunk]], store_text: str, start_ns: int = START_NS) -> None:
    """Write the boards' chunks in order of arrival, with the store file attached."""
    arrivals = sorted(
        ((chunk.arrived_s, board, chunk.data) for board, chunks in streams.items() for chunk in chunks),
        key=lambda arrival: arrival[:2],
    )
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=1 << 30)
        writer.start(library="shelf-bench")
        channels = {
            board: writer.register_channel(f"serial/{board}", "application/octet-stream", 0) for board in streams
        }
        writer.add_attachment(start_ns, start_ns, "store.toml", "application/toml", store_text.encode())
        closes_ns = start_ns + CHUNK_NS
        for arrived_s, board, data in arrivals:
            log_ns = start_ns + round(arrived_s * 1e9)
            if log_ns >= closes_ns:
                writer.flush()  # type: ignore[no-untyped-call]  # mcap leaves these two without types
                closes_ns += CHUNK_NS * ((log_ns - closes_ns) // CHUNK_NS + 1)
            writer.add_message(channels[board], log_ns, data, log_ns)
        writer.finish()  # type: ignore[no-untyped-call]


def cut_recording(source: Path, target: Path, until_ns: int) -> None:
    """Copy the messages that had arrived by an instant (UTC, ns)."""
    with source.open("rb") as read, target.open("wb") as file:
        writer = Writer(file)
        writer.start(library="shelf-bench")
        channels: dict[str, int] = {}
        for _, channel, message in make_reader(read).iter_messages(log_time_order=False):
            if message.log_time > until_ns:
                continue
            if channel.topic not in channels:
                channels[channel.topic] = writer.register_channel(channel.topic, channel.message_encoding, 0)
            writer.add_message(channels[channel.topic], message.log_time, message.data, message.publish_time)
        writer.finish()  # type: ignore[no-untyped-call]  # mcap leaves it without types
