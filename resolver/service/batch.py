"""What is on its way to the disk."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from resolver.link import Incoming
from resolver.shop import Effect


@dataclass(frozen=True)
class Batch:
    """Messages that are being made durable, with what is to be done then."""

    messages: list[Incoming]
    effects: list[Effect]
    granted: list[tuple[Future[bool], bool]]
    now_utc_ns: int
