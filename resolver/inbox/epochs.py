"""What one agent has told, without a gap: epochs linked, numbers held, how far the watermark is believed."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

from resolver.inbox.facts import WatermarkFact

MAX_PENDING_MARKS = 64
"""Watermarks kept that speak of numbers not yet here; 64 are 16 s at four a second, and the newest is always kept."""
MAX_EPOCHS = 64
"""Epochs of one agent kept in mind; an agent starts a new one at every start."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers `first` to `last` of an epoch are told of, and not here."""

    epoch: str
    first: int
    last: int


@dataclass
class EpochLog:
    """Numbers of one epoch. Those up to `skipped` were told before anybody listened."""

    skipped: int = 0
    upto: int = 0
    head: int = 0
    beyond: set[int] = field(default_factory=set)
    early: set[int] = field(default_factory=set)
    previous: tuple[str, int] | None = None
    linked: bool = False
    gone: bool = False

    def hear(self, sequence: int) -> bool:
        """Whether this number is new here."""
        self.head = max(self.head, sequence)
        if sequence == self.upto + 1 and sequence > self.skipped and not self.beyond:
            self.upto = sequence
            return True
        if sequence <= self.skipped:
            fresh = sequence not in self.early
            self.early.add(sequence)
            return fresh
        if sequence <= self.upto or sequence in self.beyond:
            return False
        self.beyond.add(sequence)
        while self.upto + 1 in self.beyond:
            self.upto += 1
            self.beyond.discard(self.upto)
        return True

    def holes(self, *, from_start: bool) -> list[tuple[int, int]]:
        """Spans of numbers that are missing up to the highest known of."""
        spans: list[tuple[int, int]] = []
        if from_start and len(self.early) < self.skipped:
            spans += _spans(self.early, 1, self.skipped)
        if self.upto < self.head:
            spans += _spans(self.beyond, self.upto + 1, self.head)
        return spans


def _spans(held: set[int], first: int, last: int) -> list[tuple[int, int]]:
    spans = []
    start = first
    for number in sorted(held):
        if number > start:
            spans.append((start, number - 1))
        start = max(start, number + 1)
    if start <= last:
        spans.append((start, last))
    return spans


class AgentLog:
    """All that is known of how completely an agent was heard."""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        self.epochs: OrderedDict[str, EpochLog] = OrderedDict()
        self.heard_from_utc_ns: int | None = None
        self.believed: WatermarkFact | None = None
        self.latest: WatermarkFact | None = None
        self.blind: dict[str, list[list[int | None]]] = {}
        self.lost: list[tuple[int, int]] = []
        self.duplicate: list[tuple[int, int]] = []
        self._pending: deque[WatermarkFact] = deque(maxlen=MAX_PENDING_MARKS)
        self._current: str | None = None

    def hear_number(self, epoch: str, sequence: int, t_utc_ns: int) -> bool:
        """Take note of a numbered message; false where it was here before."""
        log = self.epochs.get(epoch) or self._log(epoch, sequence - 1, t_utc_ns)
        fresh = log.hear(sequence)
        if fresh and self._pending:
            self._believe()
        return fresh

    def hear_watermark(self, mark: WatermarkFact) -> None:
        """Take note of how far the agent says that it has told."""
        log = self._log(mark.epoch, mark.sequence, mark.until_utc_ns)
        log.head = max(log.head, mark.sequence)
        if mark.previous is not None:
            log.previous = mark.previous
            if mark.previous[0] in self.epochs:
                earlier = self.epochs[mark.previous[0]]
                earlier.head = max(earlier.head, mark.previous[1])
        self._turn(mark)
        if self.latest is None or (mark.until_utc_ns, mark.t_utc_ns) >= (
            self.latest.until_utc_ns,
            self.latest.t_utc_ns,
        ):
            self.latest = mark
            self._blindness(mark)
        self._pending.append(mark)
        self._believe()

    def missing(self, entered_utc_ns: int | None) -> list[Missing]:
        """Numbers that somebody who entered then needs, and that are not here; None asks for all listened to."""
        early = self.needs_early(entered_utc_ns)
        found = []
        for name, log in self.epochs.items():
            if not log.gone:
                found += [Missing(name, first, last) for first, last in log.holes(from_start=early)]
        return found

    def needs_early(self, entered_utc_ns: int | None) -> bool:
        """Whether somebody who entered then was in the shop before this agent was listened to."""
        return (
            entered_utc_ns is not None
            and self.heard_from_utc_ns is not None
            and entered_utc_ns < self.heard_from_utc_ns
            and any(log.skipped for log in self.epochs.values())
        )

    def mark_gone(self, epoch: str) -> None:
        """The agent says that it no longer has the missing numbers: what they told is lost for good."""
        if epoch in self.epochs:
            self.epochs[epoch].gone = True
            self._believe()

    def gone_between(self, start_utc_ns: int, end_utc_ns: int) -> bool:
        """Whether what was told of this span is known to be lost (link broken, or numbers gone)."""
        spans = [*self.lost]
        if any(log.gone for log in self.epochs.values()) and self.heard_from_utc_ns is not None:
            spans.append((self.heard_from_utc_ns, self._until()))
        return any(first < end_utc_ns and start_utc_ns < last for first, last in spans)

    def doubled_between(self, start_utc_ns: int, end_utc_ns: int) -> bool:
        """Whether two agents of this id spoke in turn within this span."""
        return any(first <= end_utc_ns and start_utc_ns <= last for first, last in self.duplicate)

    def blind_spans(self, start_utc_ns: int, end_utc_ns: int) -> list[tuple[str, int, int]]:
        """Plates that were not measured within this span, with the part of it."""
        found = []
        for plate, spans in self.blind.items():
            for since, end in spans:
                assert since is not None
                first, last = max(since, start_utc_ns), min(end if end is not None else end_utc_ns, end_utc_ns)
                if first <= last and since <= end_utc_ns and (end is None or end > start_utc_ns):
                    found.append((plate, first, last))
        return found

    def forget_before(self, t_utc_ns: int) -> None:
        """Drop spans that ended before this instant."""
        for plate in list(self.blind):
            kept = [span for span in self.blind[plate] if span[1] is None or span[1] >= t_utc_ns]
            if kept:
                self.blind[plate] = kept
            else:
                del self.blind[plate]
        self.lost = [span for span in self.lost if span[1] >= t_utc_ns]
        self.duplicate = [span for span in self.duplicate if span[1] >= t_utc_ns]

    def saved(self) -> list[tuple[str, dict[str, Any]]]:
        """What a restart needs, as JSON values by epoch, oldest first."""
        latest = self.latest
        return [
            (
                name,
                {
                    "skipped": log.skipped,
                    "upto": log.upto,
                    "head": log.head,
                    "beyond": sorted(log.beyond),
                    "early": sorted(log.early),
                    "previous": log.previous,
                    "linked": log.linked,
                    "gone": log.gone,
                    "heard_from": self.heard_from_utc_ns,
                    "until": latest.until_utc_ns if latest is not None and latest.epoch == name else None,
                },
            )
            for name, log in self.epochs.items()
        ]

    def load(self, epoch: str, state: dict[str, Any]) -> None:
        """Take up again what `saved` gave."""
        log = EpochLog(state["skipped"], state["upto"], state["head"], set(state["beyond"]), set(state["early"]))
        log.previous = (state["previous"][0], state["previous"][1]) if state["previous"] else None
        log.linked, log.gone = state["linked"], state["gone"]
        self.epochs[epoch] = log
        self.heard_from_utc_ns = state["heard_from"]
        if state["until"] is not None:
            self._current = epoch
            until = state["until"]
            self.latest = WatermarkFact(self.agent, until, epoch, log.head, until, (), (), log.previous)
            self._pending.append(self.latest)
            self._believe()

    def _until(self) -> int:
        return self.latest.until_utc_ns if self.latest else 0

    def _log(self, epoch: str, told_before: int, t_utc_ns: int) -> EpochLog:
        if epoch in self.epochs:
            return self.epochs[epoch]
        first_ever = not self.epochs
        log = EpochLog()
        if first_ever:
            log.skipped = log.upto = log.head = told_before
            log.linked = True
            self.heard_from_utc_ns = t_utc_ns
        self.epochs[epoch] = log
        if len(self.epochs) > MAX_EPOCHS:
            self.epochs.popitem(last=False)
        return log

    def _turn(self, mark: WatermarkFact) -> None:
        """Follow the epoch in force; an old one that speaks again after its successor is a second agent."""
        if self._current is None:
            self._current = mark.epoch
        if mark.epoch == self._current:
            self._link(mark)
            return
        assert self.latest is not None
        names = list(self.epochs)
        if names.index(mark.epoch) < names.index(self._current):
            if mark.t_utc_ns > self._since_current:
                self._double(mark.t_utc_ns)
            return
        self._current = mark.epoch
        self._since_current = mark.t_utc_ns
        self._link(mark)

    _since_current: int = 0

    def _double(self, t_utc_ns: int) -> None:
        if self.duplicate:
            first, last = self.duplicate[-1]
            self.duplicate[-1] = (first, max(last, t_utc_ns))
        else:
            self.duplicate.append((self._since_current, t_utc_ns))

    def _link(self, mark: WatermarkFact) -> None:
        log = self.epochs[mark.epoch]
        if log.linked:
            return
        log.linked = True
        if log.previous is None or log.previous[0] not in self.epochs:
            self.lost.append((self._until(), max(mark.until_utc_ns, self._until())))

    def _believe(self) -> None:
        if not self._pending:
            return
        kept = []
        for mark in self._pending:
            best = self.believed
            if best is not None and (mark.until_utc_ns, mark.t_utc_ns) < (best.until_utc_ns, best.t_utc_ns):
                continue
            if self._holds(mark.epoch, mark.sequence):
                self.believed = mark
            else:
                kept.append(mark)
        self._pending = deque(kept, maxlen=MAX_PENDING_MARKS)

    def _holds(self, epoch: str, sequence: int) -> bool:
        seen: set[str] = set()
        while epoch in self.epochs and epoch not in seen:
            seen.add(epoch)
            log = self.epochs[epoch]
            if not log.gone and log.upto < sequence:
                return False
            if log.previous is None:
                return True
            epoch, sequence = log.previous
            if epoch in self.epochs and self.epochs[epoch].skipped > sequence:
                return True
        return True

    def _blindness(self, mark: WatermarkFact) -> None:
        listed = dict(mark.blind)
        for plate, spans in self.blind.items():
            for span in spans:
                assert span[0] is not None
                if span[1] is None and listed.get(plate) != span[0]:
                    span[1] = max(mark.until_utc_ns, span[0])
        for plate, since in listed.items():
            spans = self.blind.setdefault(plate, [])
            if not any(span[0] == since for span in spans):
                spans.append([since, None])
