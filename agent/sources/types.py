"""What a source gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceChunk:
    """Bytes as they came: `source` names the port or topic, `t_mono_ns` the arrival."""

    source: str
    t_mono_ns: int
    data: bytes
