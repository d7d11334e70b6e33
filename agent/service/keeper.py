"""Makes durable what the pipeline tells: one transaction for events, belief and time line, or everything waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from agent.journal import Entry, Journal, JournalWriteError
from agent.pipeline.told import Told, stamp
from agent.service.stamping import told_of
from agent.service.timeline import SECOND_NS, TimeLine

log = logging.getLogger(__name__)

BELIEF_PERIOD_NS = 30 * SECOND_NS  # also where nothing happens: what is learnt, and when all was last seen
SMALL_PERIOD_NS = SECOND_NS  # acknowledgements and time line
RETRY_NS = SECOND_NS
ROOM_PERIOD_NS = 10 * SECOND_NS
MAX_PENDING = 5000  # events; beyond, nothing more is measured, and what moves meanwhile becomes `change`
JOURNAL_CROWDED = "journal-crowded"

_REMEDIES = {
    "disk-full": "free space on the disk of the state folder",
    "disk-read-only": "make the disk of the state folder writable; a worn SD card turns read-only: replace it",
    "disk-failing": "check and replace the disk of the state folder",
    "journal-full": "bring the broker back, or give the agent one that it can reach",
}


class Keeper:
    """Holds events from the pipeline until they are committed; then they may be published."""

    def __init__(
        self,
        journal: Journal,
        line: TimeLine,
        address: tuple[str, str, str],
        belief: Callable[[bool], dict[str, Any]],
        report: Callable[[str, str, bool], None],
    ) -> None:
        """`address`: store, agent, epoch. `belief` gives the snapshot that goes with the pending events, whole or with
        plates at rest as they were in the last; `report` (fault, remedy, recovered) tells a fault, which comes back
        through `add`."""
        self._journal, self._line, self._belief, self._report = journal, line, belief, report
        self._store, self._agent, self._epoch = address
        self._pending: list[Told] = []
        self._retry_ns = 0
        self._fault: str = ""
        self._crowded = False
        self._belief_ns = self._small_ns = self._room_ns = line.now_ns()
        self._saved: tuple[int, dict[str, Any]] = (-1, {})
        self._waits = bool(journal.waiting())
        self._forced = True  # the first commit links the epoch

    def add(self, told: list[Told]) -> None:
        """Events in order of sequence."""
        self._pending += told

    def force(self) -> None:
        """Commit with the next turn, also without an event: staff changed a belief."""
        self._forced = True

    @property
    def overwhelmed(self) -> bool:
        """More is pending than memory should hold: stop measuring."""
        return len(self._pending) >= MAX_PENDING

    @property
    def pending(self) -> int:
        """Events that are not durable yet."""
        return len(self._pending)

    def turn(self, now_ns: int, acknowledged: int, extras: dict[str, Any]) -> bool:
        """Commit what is due; True: new rows may be published."""
        published = self._release() if self._waits else False
        if now_ns < self._retry_ns:
            return published
        whole = self._forced or now_ns - self._belief_ns >= BELIEF_PERIOD_NS
        small = now_ns - self._small_ns >= SMALL_PERIOD_NS and self._saved != (acknowledged, extras)
        if self._pending or whole or small:
            published |= self._commit(now_ns, acknowledged, extras, whole=whole)
        if now_ns - self._room_ns >= ROOM_PERIOD_NS and not self._fault:
            self._room_ns = now_ns
            self._make_room(now_ns, acknowledged)
        return published

    def _commit(self, now_ns: int, acknowledged: int, extras: dict[str, Any], *, whole: bool) -> bool:
        known = self._line.synchronised or self._line.patience_is_over
        offset_ns = self._line.offset_ns if known else 0
        right = self._line.synchronised or not known  # what waits is judged when it goes out
        entries = [
            Entry(
                told.sequence,
                told.made_t_mono_ns,
                stamp(told, self._store, self._agent, offset_ns, synchronised=right).to_json(),
                waiting=not known,
            )
            for told in self._pending
        ]
        belief = self._belief(whole) if whole or entries else None
        try:
            self._journal.commit(self._epoch, entries, belief, self._line.saved(), acknowledged, extras)
        except JournalWriteError as error:
            self._failed(error, now_ns)
            return False
        self._pending.clear()
        self._waits |= bool(entries) and not known
        self._saved, self._small_ns = (acknowledged, dict(extras)), now_ns
        if whole:
            self._belief_ns, self._forced = now_ns, False
        if self._fault:
            fault, self._fault = self._fault, ""
            log.info("%s is over", fault)
            self._report(fault, "", True)
        return bool(entries) and known

    def _failed(self, error: JournalWriteError, now_ns: int) -> None:
        self._retry_ns = now_ns + RETRY_NS
        if self._fault:
            return
        self._fault = error.fault
        log.error("cannot write the journal (%s); measuring on, trying again every second", error)
        self._report(error.fault, _REMEDIES[error.fault], False)

    def _release(self) -> bool:
        """Stamp what waited, once UTC is known or has been waited for long enough."""
        right = self._line.synchronised
        if not (right or self._line.patience_is_over):
            return False
        rows = []
        for row in self._journal.waiting():
            told = told_of(row.body)
            event = stamp(told, self._store, self._agent, self._line.offset_ns, synchronised=right)
            rows.append((row.no, event.to_json()))
        try:
            self._journal.release(rows)
        except JournalWriteError as error:
            self._failed(error, self._line.now_ns())
            return False
        self._waits = False
        return bool(rows)

    def _make_room(self, now_ns: int, acknowledged: int) -> None:
        try:
            self._journal.prune(now_ns, acknowledged)
        except JournalWriteError as error:
            self._failed(error, now_ns)
            return
        why = self._journal.crowded()
        if bool(why) != self._crowded:
            self._crowded = bool(why)
            self._report(JOURNAL_CROWDED, why, not why)
