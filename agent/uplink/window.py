"""What is on its way to the broker: at most 20 messages of QoS 1, and which events are acknowledged. Pure."""

from __future__ import annotations

from collections.abc import Callable

from agent.journal import Row

LIMIT = 20  # messages.md; also the receive maximum of a stock mosquitto
RESERVED = 2  # of these, for status and replies: a flood of events never delays them


class Window:
    """Hands out rows in order, once each, and again only those that the broker refused or that a lost client held."""

    def __init__(self, acknowledged: int, last_old: int) -> None:
        """`acknowledged`: every row up to this `no` is; `last_old`: the last row of earlier epochs."""
        self._cursor = acknowledged  # the last row that was handed out
        self._last_old = last_old
        self._outstanding: dict[int, Row] = {}  # handed out, not acknowledged
        self._again: list[Row] = []  # of these, the ones to hand out again
        self._in_flight: dict[int, Row | None] = {}  # by message id; None: no event of the window
        self._sequences: dict[str, int] = {}  # of each epoch, the last sequence handed out

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    @property
    def rows_in_flight(self) -> int:
        """Events among them."""
        return sum(row is not None for row in self._in_flight.values())

    @property
    def free(self) -> int:
        """Messages of any kind that may still be sent."""
        return LIMIT - len(self._in_flight)

    @property
    def free_for_events(self) -> int:
        return max(0, self.free - RESERVED)

    @property
    def hands_out_again(self) -> bool:
        """Rows that were refused, or that a lost client held, are to go out again."""
        return bool(self._again)

    @property
    def acknowledged(self) -> int:
        """Every row up to this `no` is acknowledged."""
        return min(self._outstanding) - 1 if self._outstanding else self._cursor

    def acknowledged_sequence(self, epoch: str) -> int | None:
        """Every event of the epoch up to this sequence is acknowledged; None while an earlier epoch's are not."""
        if self.acknowledged < self._last_old:
            return None
        if self._outstanding:
            first = self._outstanding[min(self._outstanding)]
            return first.sequence - 1 if first.epoch == epoch else None
        return self._sequences.get(epoch, 0)

    def next_rows(self, after: Callable[[int, int], list[Row]], *, probing: bool = False) -> list[Row]:
        """What to send now; `after(no, limit)` reads the journal. `probing`: the oldest alone, one at a time."""
        room = self.free_for_events
        if probing:
            room = 0 if self.rows_in_flight else min(room, 1)
        rows, self._again = self._again[:room], self._again[room:]
        if not self._again and len(rows) < room:
            fresh = after(self._cursor, room - len(rows))
            for row in fresh:
                self._outstanding[row.no] = row
                self._cursor = row.no
                self._sequences[row.epoch] = row.sequence
            rows += fresh
        return rows

    def sent(self, mid: int, row: Row | None) -> None:
        """A message is on its way."""
        self._in_flight[mid] = row

    def confirmed(self, mid: int) -> bool:
        """A good PUBACK; whether it was that of a row."""
        row = self._in_flight.pop(mid, None)
        if row is None:
            return False
        self._outstanding.pop(row.no, None)
        return True

    def refused(self, mid: int) -> bool:
        """A PUBACK of failure: an event is handed out again when the caller asks next; False: not of this window."""
        if mid not in self._in_flight:
            return False
        row = self._in_flight.pop(mid)
        if row is not None:
            self._again = sorted([*self._again, row], key=lambda row: row.no)
        return True

    def lost(self) -> None:
        """The client that held the messages is gone: all of them are handed out again."""
        for mid in list(self._in_flight):
            self.refused(mid)
