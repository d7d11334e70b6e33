"""What a source gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SourceChunk:
    """Bytes as they came: `source` names the port or topic, `t_mono_ns` the arrival."""

    source: str
    t_mono_ns: int
    data: bytes


@dataclass(frozen=True, slots=True, eq=False)
class SourceStretch:
    """All chunks of one port over a stretch of time: `data` is cut at `ends` [k], the parts arrived at `t_mono_ns` [k],
    and `number` [k] says in which order the parts of several ports came."""

    source: str
    t_mono_ns: NDArray[np.int64]
    number: NDArray[np.int64]
    ends: NDArray[np.int64]
    data: bytes | memoryview
