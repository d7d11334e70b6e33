"""All ports of an agent: which board hangs where, which are live, and how far all have delivered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.messages import Fault
from agent.pipeline.arrivals import Arrivals, Chunk
from agent.pipeline.board import BoardLink, Calm, Rows
from agent.pipeline.faults import FaultBook, FaultKey
from agent.pipeline.plate import PlateRun
from agent.wire import Hello, OtherProtocol, Status, identify, take_together

SILENT_NS = 500_000_000  # a board that delivered nothing for so long is not waited for
JOIN_NS = 1_000_000_000  # boards that the store names are waited for so long at the start
ASK_NS = 1_000_000_000  # a port without SAMPLE for so long is asked who is there
BY_ITSELF = 0b1100  # reset causes brown-out and watchdog

FaultChange = tuple[Fault, bool]


class Boards:
    """Sources by name, and the board that each turned out to be."""

    def __init__(self, runs: dict[str, PlateRun], faults: FaultBook) -> None:
        self._plates_of: dict[str, tuple[str, ...]] = {}
        self._cells_of: dict[str, dict[int, str]] = {}  # board: channel: plate
        for plate, run in runs.items():
            self._plates_of[run.board] = (*self._plates_of.get(run.board, ()), plate)
            self._cells_of.setdefault(run.board, {}).update(dict.fromkeys(run.channels.tolist(), plate))
        self._faults = faults
        self._links: dict[str, BoardLink] = {}
        self._by_board: dict[str, BoardLink] = {}
        self._last: dict[str, BoardLink] = {}  # where each board was used last
        self._refused: set[str] = set()
        self._boots: dict[str, int] = {}
        self._looked: dict[str, tuple[Hello, Status | None, bool, bool]] = {}  # what `_cells` spoke of last
        self._now_ns = 0
        self._begun_ns: int | None = None
        self._asked_ns: dict[str, int] = {}
        self._requests: list[tuple[str, bytes]] = []

    def take(self, chunks: list[Chunk]) -> list[FaultChange]:
        """Take bytes in order of arrival; gives faults that began (False) or ended (True)."""
        if self._begun_ns is None:
            self._begun_ns = chunks[0].t_mono_ns
        self._now_ns = max(self._now_ns, chunks[-1].t_mono_ns)
        by_source: dict[str, list[Chunk]] = {}
        for chunk in chunks:
            by_source.setdefault(chunk.source, []).append(chunk)
        changes: list[FaultChange] = []
        for source, own in by_source.items():
            link = self._links.get(source)
            if link is None:
                link = self._links[source] = BoardLink(source)
            for who in link.take(own):
                changes += self._introduced(link, who)
            changes += self._cells(link)
        changes += self.advance(chunks[-1].t_mono_ns)
        return changes

    def known(self, stretch: Sequence[Arrivals]) -> bool:
        """Whether each port that was heard, or is in a stretch, is that of a board that is used, or of none here."""
        heard = all(arrivals.source in self._links for arrivals in stretch)
        return heard and all(self._settled(link) for link in self._links.values())

    def take_calm(self, stretch: Sequence[Arrivals]) -> bool:
        """Take the bytes of a longer stretch at once, where nothing happens in it that would have to be told or would
        change whom is waited for; False: nothing was taken, `take` must go through it slot by slot."""
        if self._begun_ns is None:
            return False
        until_ns = max(int(arrivals.t_mono_ns[-1]) for arrivals in stretch)
        by_source = {arrivals.source: arrivals for arrivals in stretch}
        heard: list[tuple[BoardLink, Arrivals]] = []
        for source, link in self._links.items():
            arrivals = by_source.pop(source, None)
            if not self._settled(link):
                return False
            if arrivals is not None:
                heard.append((link, arrivals))
            elif not (self._is_silent(link, ASK_NS) or link.heard_until(until_ns, SILENT_NS)):
                return False
        if by_source:
            return False
        states = [link.stream.state() for link, _ in heard]
        taken = take_together([link.stream for link, _ in heard], [arrivals.data for _, arrivals in heard])
        seen: list[tuple[BoardLink, Calm]] = []
        for (link, arrivals), own, state in zip(heard, taken, states, strict=True):
            calm = link.look(arrivals, own, state, until_ns, SILENT_NS)
            if calm is None:
                for (other, _), before in zip(heard, states, strict=True):
                    other.stream.rewind(before)
                return False
            seen.append((link, calm))
        for link, calm in seen:
            link.accept(calm)
        self.advance(until_ns)  # asks who has long been silent
        return True

    def advance(self, t_ns: int) -> list[FaultChange]:
        """Time passes: silence becomes a fault, its end a recovery."""
        self._now_ns = max(self._now_ns, t_ns)
        changes: list[FaultChange] = []
        for source, link in self._links.items():
            quiet_since = max(link.last_sample_arrival_ns or 0, self._asked_ns.get(source, 0))
            if self._now_ns - quiet_since > ASK_NS and self._begun_ns is not None:
                self._asked_ns[source] = self._now_ns
                self._requests.append((source, identify()))
        for board, link in self._by_board.items():
            key = FaultKey("board-silent", board)
            if self._is_silent(link, ASK_NS):
                changes += _one(self._faults.begin(key, self._plates_of.get(board, ())), recovered=False)
            else:
                changes += _one(self._faults.end(key), recovered=True)
        return changes

    def rows(self, board: str) -> Rows | None:
        """The conversions of a board; None before it introduced itself."""
        link = self._by_board.get(board)
        return link.rows if link is not None else None

    def horizon_ns(self) -> int | None:
        """Up to here every live board has delivered; None before any has, or while one is still waited for."""
        if self._begun_ns is None:
            return None
        missing = [board for board in self._plates_of if board not in self._by_board]
        if missing and self._now_ns - self._begun_ns < JOIN_NS:
            return None
        known = [
            link.known_until_ns
            for link in self._by_board.values()
            if link.known_until_ns is not None and not self._is_silent(link, SILENT_NS)
        ]
        return min(known, default=None)

    def expected_ns(self, t_ns: int) -> int:
        """When every live board is to have delivered beyond an instant; a board that is late is not foreseen."""
        live = (link for link in self._by_board.values() if link.known_until_ns is not None)
        waited_for = (link.expected_ns(t_ns) for link in live if not self._is_silent(link, SILENT_NS))
        return max(waited_for, default=t_ns)

    def first_ns(self) -> int | None:
        """Time of the first conversion of all."""
        starts = [int(link.rows.t_ns[0]) for link in self._by_board.values() if link.rows and len(link.rows.t_ns)]
        return min(starts, default=None)

    def last_ns(self) -> int | None:
        """Time of the last conversion of all."""
        return max((link.known_until_ns for link in self._by_board.values() if link.known_until_ns), default=None)

    def silent(self) -> set[str]:
        """Boards named by plates that do not deliver."""
        return {
            board
            for board in self._plates_of
            if board not in self._by_board or self._is_silent(self._by_board[board], SILENT_NS)
        }

    def forget(self, runs: Iterable[PlateRun]) -> None:
        """Drop conversions that every plate of a board has taken."""
        needed: dict[str, int] = {}
        for run in runs:
            needed[run.board] = min(needed.get(run.board, run.position), run.position)
        for link in self._links.values():
            if link.rows is not None and link.hello is not None:
                used = self._by_board.get(link.hello.board_id) is link
                link.rows.forget(needed.get(link.hello.board_id, link.rows.end) if used else link.rows.end)

    def requests(self) -> list[tuple[str, bytes]]:
        """Bytes to write; emptied by the call."""
        out, self._requests = self._requests, []
        return out

    def _cells(self, link: BoardLink) -> Iterator[FaultChange]:
        """Channels that plates need and the board does not read or calls silent; frames that do not arrive."""
        if link.hello is None or self._by_board.get(link.hello.board_id) is not link:
            return
        board, status = link.hello.board_id, link.status
        seen = (link.hello, status, link.line.lost, link.line.damaged)
        if self._looked.get(board) == seen:
            return
        self._looked[board] = seen
        for channel, plate in self._cells_of[board].items():
            missing = channel >= link.hello.channels
            silent = status is not None and bool(status.faults >> channel & 1)
            for name, there in (("channel-missing", missing), ("cell-silent", silent and not missing)):
                yield from self._faults.hold(FaultKey(name, board, channel), (plate,), there=there)
        for name, there in (("frames-lost", link.line.lost), ("frames-damaged", link.line.damaged)):
            yield from self._faults.hold(FaultKey(name, board), self._plates_of[board], there=there)

    def _settled(self, link: BoardLink) -> bool:
        """The board of this port is the one that is used, or one that no plate of this agent names."""
        if link.hello is None:
            return False
        board = link.hello.board_id
        return self._by_board.get(board) is link or board not in self._plates_of

    def _is_silent(self, link: BoardLink, span_ns: int) -> bool:
        last = link.last_sample_arrival_ns or link.introduced_ns  # who just introduced itself has yet to settle
        return last is None or self._now_ns - last > span_ns

    def _introduced(self, link: BoardLink, who: Hello | OtherProtocol) -> Iterator[FaultChange]:
        mismatch = FaultKey("protocol-mismatch", who.board_id)
        if isinstance(who, OtherProtocol):
            yield from _one(self._faults.begin(mismatch, self._plates_of.get(who.board_id, ())), recovered=False)
            return
        yield from _one(self._faults.end(mismatch), recovered=True)
        if who.unset:
            yield from _one(self._faults.begin(FaultKey("board-id-unset", who.board_id), ()), recovered=False)
            return
        plates = self._plates_of.get(who.board_id, ())
        if not plates:
            yield from _one(self._faults.begin(FaultKey("board-unknown", who.board_id), ()), recovered=False)
            return
        holder = self._by_board.get(who.board_id)
        duplicate = FaultKey("duplicate-board", who.board_id)
        if holder is not None and holder is not link:
            if not self._is_silent(holder, SILENT_NS):
                self._refused.add(who.board_id)
                del self._by_board[who.board_id]
                yield from _one(self._faults.begin(duplicate, plates), recovered=False)
                return
            self._refused.discard(who.board_id)
        if who.board_id in self._refused:
            rivals = [other for other in self._links.values() if other.hello and other.hello.board_id == who.board_id]
            if any(other is not link and not self._is_silent(other, SILENT_NS) for other in rivals):
                return
            self._refused.discard(who.board_id)
            yield from _one(self._faults.end(duplicate), recovered=True)
        self._by_board[who.board_id] = link
        last, self._last[who.board_id] = self._last.get(who.board_id, link), link
        if last is not link:
            link.follow(last)
        yield from self._restarted(who, plates)

    def _restarted(self, who: Hello, plates: tuple[str, ...]) -> Iterator[FaultChange]:
        """A board that began anew by itself is told, though it is over by then."""
        before, self._boots[who.board_id] = self._boots.get(who.board_id, who.boot), who.boot
        if before != who.boot and who.reset_cause & BY_ITSELF:
            key = FaultKey("board-restarted", who.board_id)
            yield from self._faults.hold(key, plates, there=True)
            yield from self._faults.hold(key, plates, there=False)


def _one(fault: Fault | None, *, recovered: bool) -> Iterator[FaultChange]:
    if fault is not None:
        yield fault, recovered
