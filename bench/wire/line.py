"""A bad line: frames with a wrong byte, frames that lose one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Damage:
    """What a line does: share of frames with a wrong byte, and of frames that lose a byte."""

    wrong_share: float = 0.0
    lost_share: float = 0.0

    def harm(self, data: bytes, rng: np.random.Generator) -> bytes:
        """A frame as it arrives."""
        if not (self.wrong_share or self.lost_share):
            return data
        luck, at = rng.random(), int(rng.integers(0, len(data)))
        if luck < self.wrong_share:
            return data[:at] + bytes([data[at] ^ int(rng.integers(1, 256))]) + data[at + 1 :]
        if luck < self.wrong_share + self.lost_share:
            return data[:at] + data[at + 1 :]
        return data
