"""Events that a consumer asks for again. They go out behind what is new."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.journal import Reader, Row

MAX_EVENTS = 10_000  # of one command: some 15 MB
MAX_JOBS = 16

Result = Literal["done", "refused", "failed", "gone"]


class Wanted(BaseModel):
    """Arguments of `resend`; the numbers as numbers or as the digits of `sequence`."""

    model_config = ConfigDict(extra="ignore")

    epoch: str = Field(min_length=1, max_length=64)
    first: int = Field(alias="from", ge=1)
    last: int = Field(alias="to", ge=1)


@dataclass(slots=True)
class _Job:
    epoch: str
    next: int
    last: int


class Resender:
    """A bounded queue of ranges."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._jobs: deque[_Job] = deque()

    def ask(self, wanted: Wanted) -> tuple[Result, str]:
        """Take a range in; gives the result and the reason of the reply. What is kept of it goes out in any case."""
        number = wanted.last - wanted.first + 1
        if number < 1:
            return "refused", "`from` is behind `to`"
        if number > MAX_EVENTS:
            return "refused", f"{number} events, at most {MAX_EVENTS} at a time"
        if len(self._jobs) >= MAX_JOBS:
            return "refused", f"{MAX_JOBS} ranges are waiting already"
        kept = self._reader.count(wanted.epoch, wanted.first, wanted.last)
        if kept:
            self._jobs.append(_Job(wanted.epoch, wanted.first, wanted.last))
        return ("done", "") if kept == number else ("gone", f"{kept} of {number} events are kept")

    def next_rows(self, limit: int) -> list[Row]:
        """The next rows to publish, at most `limit`."""
        while self._jobs and limit > 0:
            job = self._jobs[0]
            rows = self._reader.kept(job.epoch, job.next, job.last, limit)
            if rows:
                job.next = rows[-1].sequence + 1
                return rows
            self._jobs.popleft()
        return []
