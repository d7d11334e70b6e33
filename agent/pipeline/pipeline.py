"""Chunks of bytes to events: boards, plates, judgement, in an order that no cut of the bytes can change.

Time runs on a grid of ticks of the monotonic line. A tick is worked through when every live board has delivered
beyond its end: plates in a contact at every tick, plates at rest at every block. So what is decided, and in which
order, depends on the samples alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from agent.detection import DetectionParameters
from agent.inference import Belief, InferenceParameters, Judge
from agent.messages import Fault
from agent.messages.events import FAULT, RECOVERED
from agent.pipeline.ahead import PlateAhead
from agent.pipeline.arrivals import SLOT_NS, Arrivals, Chunk, gathered, joined, ordered, split
from agent.pipeline.boards import Boards
from agent.pipeline.faults import FaultBook
from agent.pipeline.judging import Judging
from agent.pipeline.plate import PlateRun
from agent.pipeline.teller import Teller
from agent.pipeline.together import PlatesTogether
from agent.pipeline.told import Data, PlateReading, Progress, Since, Told, Zeroed
from agent.pipeline.unseen import unseen
from agent.store import Store
from agent.weighing import Calibration, PlateScale

SNAPSHOT_VERSION = 1
_DELIVERY_NS = 30_000_000  # a board's next conversion has come by then, at 80 a second
_END_NS = (1 << 63) - 1
_UNKNOWN_SLOTS = 256  # of chunks at a time, while boards are yet to say who they are
_START_COUNTS = 160.0  # noise of a conversion before any is measured


class Pipeline:
    """One agent's boards and plates. Not thread-safe; see `ShelfPipeline` for the methods."""

    def __init__(
        self,
        store: Store,
        agent: str,
        epoch: str,
        snapshot: dict[str, Any] | None = None,
        *,
        calibration: dict[tuple[str, int], Calibration] | None = None,
        detection: DetectionParameters | None = None,
        inference: InferenceParameters | None = None,
        slot_ns: int = SLOT_NS,
    ) -> None:
        self._slot_ns = slot_ns
        self._pending: list[Chunk] = []
        self._stretch: list[Arrivals] = []  # likewise, and before them
        self._items = store.items
        self._p = detection or DetectionParameters()
        self._ip = inference or InferenceParameters()
        plates = store.plates_of(agent)
        self.runs = {
            plate.id: PlateRun(plate, PlateScale(plate, calibration), self._p, _START_COUNTS) for plate in plates
        }
        self.belief = Belief(plates, store.items, self._ip)
        self._ahead = {name: PlateAhead(run) for name, run in self.runs.items()}
        self._faults = FaultBook()
        self._boards = Boards(self.runs, self._faults)
        self._together = PlatesTogether(self.runs.values(), self._boards.rows, self._p)
        self._cursor_ns: int | None = None
        self._begun_ns = 0  # where the cursor began
        geometry = {name: run.geometry for name, run in self.runs.items()}
        judge = Judge(store.items, {plate.id: plate for plate in plates}, geometry, self.belief, self._ip)
        unsure = Judge(store.items, {plate.id: plate for plate in plates}, geometry, self.belief, unseen(self._ip))
        self._teller = Teller(epoch, store.items, self.belief, judge)
        self._judging = Judging(self.runs, judge, unsure, self._teller, self._quality, self._ip, self._p.block_ns)
        if snapshot is not None:
            self._restore(snapshot)

    def feed(self, chunk: Chunk) -> list[Told]:
        """Take bytes; give what was decided, in order of sequence."""
        self._drain(before_ns=chunk.t_mono_ns - chunk.t_mono_ns % self._slot_ns)
        self._pending.append(chunk)
        return self._emptied()

    def feed_stretch(self, stretch: Sequence[Arrivals]) -> list[Told]:
        """Take what came over seconds at once; what is told is the same as chunk by chunk."""
        last_ns = max((int(arrivals.t_mono_ns[-1]) for arrivals in stretch), default=0)
        self._stretch = joined(self._gathered(), stretch)
        self._drain(before_ns=last_ns - last_ns % self._slot_ns)
        return self._emptied()

    def put(self, chunks: Iterable[Chunk]) -> None:
        """Take bytes that the next `advance` works on."""
        self._pending += chunks

    def advance(self, t_mono_ns: int, *, at_leisure: bool = False) -> list[Told]:
        """Time passes, also where no bytes come. `at_leisure`: what came may wait until it is `due_ns`."""
        slot_ns = t_mono_ns - t_mono_ns % self._slot_ns
        if at_leisure and not self._due(slot_ns):
            return []
        self._drain(before_ns=slot_ns)
        for fault, recovered in self._boards.advance(slot_ns):
            self._tell_fault(fault, recovered, slot_ns)
        self._work(self._boards.horizon_ns())
        return self._emptied()

    def due_ns(self) -> int | None:
        """When `advance` has something to do, if all boards deliver in time; None: at once."""
        if self._cursor_ns is None:
            return None
        if self._touched():
            return self._boards.expected_ns(self._cursor_ns + self._p.tick_ns)
        return self._cursor_ns - self._cursor_ns % self._p.block_ns + self._p.block_ns + _DELIVERY_NS

    def finish(self) -> list[Told]:
        """End of the input: the last ticks are worked through with what is there."""
        self._drain(before_ns=_END_NS)
        end_ns = self._boards.last_ns()
        if end_ns is not None:
            self._work(end_ns + self._p.block_ns)
        return self._emptied()

    def progress(self) -> Progress:
        """How far all is told: rest is known to the last whole block."""
        until = self._cursor_ns
        if until is not None:
            until -= until % self._p.block_ns
        opened, blind = [], []
        silent = self._boards.silent()
        for name, run in self.runs.items():
            contact = run.detector.contact
            if run.board in silent or not run.measured:
                blind.append(Since(name, run.measured_ns or self._begun_ns))
            elif contact is not None:
                opened.append(Since(name, contact.rested_ns or contact.opened_ns))
            elif run.filter.held_back and run.last_ns is not None:
                opened.append(Since(name, run.last_ns))  # whether the next conversion was a leap is not known yet
        return Progress(until, self._teller.sequence, tuple(opened), tuple(blind))

    def readings(self) -> list[PlateReading]:
        """The plates as they stand."""
        silent = self._boards.silent()
        out = []
        for name, run in self.runs.items():
            detector = run.detector
            level = detector.level if detector.contact is None else detector.contact.current
            unknown = level is None or run.board in silent or not run.measured
            weight = None if level is None or unknown else float(level.mean[0])
            contents = self.belief.plates[name].contents()
            stable = detector.contact is None and weight is not None
            out.append(PlateReading(name, run.last_ns or 0, weight, stable, contents, self._quality(name, run)))
        return out

    def requests(self) -> list[tuple[str, bytes]]:
        """Bytes to write to ports; emptied by the call."""
        return self._boards.requests()

    def report(self, fault: Fault, subject: str, *, recovered: bool, t_mono_ns: int) -> list[Told]:
        """A fault of the service's own rooms, or its end."""
        self._tell(RECOVERED if recovered else FAULT, subject, t_mono_ns, t_mono_ns, fault)
        return self._emptied()

    def restock(self, plate: str, *, begin: bool, t_mono_ns: int) -> list[Told]:  # noqa: ARG002 # the service keeps the deadline
        """Staff begins or ends refilling a plate; KeyError for a plate that is not served."""
        self.belief.plates[plate].staff = begin
        self._teller.forget(plate)
        return self._emptied()

    def tare(self, plate: str, keep: Callable[[tuple[Zeroed, ...]], None]) -> str:
        """Take the plate's present weight as empty, once `keep` has kept it; returns "" or why it was refused."""
        run = self.runs[plate]
        level = run.detector.level
        if level is None:
            return f"plate {plate} is not at rest: wait until nobody touches it"
        if run.cells.degraded:
            return f"a cell of plate {plate} does not measure: mend it first"
        zero_counts = run.tared_zero(level)
        numbers = zip(run.plate.cells, zero_counts.tolist(), run.scale.counts_per_gram.tolist(), strict=True)
        keep(tuple(Zeroed(cell.board, cell.channel, zero, per_gram) for cell, zero, per_gram in numbers))
        run.scale.zero_counts = zero_counts
        run.detector.shift(-level.mean)
        run.cells.forget()
        return ""

    def set_contents(self, plate: str, contents: dict[str, int]) -> None:
        """Staff says what stands on a plate; KeyError for an unknown plate or sku."""
        unknown = [sku for sku in contents if sku not in self._items]
        if unknown:
            raise KeyError(unknown[0])
        self.belief.set_contents(plate, contents)
        self._teller.forget(plate)  # what was told before is not seen otherwise: it is what was just said

    def snapshot(self, *, whole: bool = True) -> dict[str, Any]:
        """The belief state as JSON-able data; if not `whole`, plates that rest may be as they were when last asked."""
        plates = {name: run.snapshot() if whole else run.snapshot_lately() for name, run in self.runs.items()}
        return {"version": SNAPSHOT_VERSION, "belief": self.belief.snapshot(), "plates": plates}

    def _restore(self, state: dict[str, Any]) -> None:
        self.belief.restore(state["belief"])
        for name, saved in state["plates"].items():
            if name in self.runs:
                self.runs[name].restore(saved)

    def _due(self, t_ns: int) -> bool:
        """Whether by an instant there is more to do than to collect bytes for the next block or tick."""
        due_ns = self.due_ns()
        return due_ns is None or t_ns >= due_ns

    def _touched(self) -> bool:
        return any(run.detector.contact is not None for run in self.runs.values())

    def _gathered(self) -> list[Arrivals]:
        """All that is not decoded yet."""
        if self._pending:
            chunks, self._pending = self._pending, []
            self._stretch = joined(self._stretch, gathered(chunks)) if self._stretch else gathered(chunks)
        return self._stretch

    def _drain(self, before_ns: int) -> None:
        """Decode what came before a slot began: bytes are taken a slot at a time, however they were cut."""
        first_ns = self._pending[0].t_mono_ns if self._pending else before_ns
        if first_ns >= before_ns and not self._stretch:
            return
        early, self._stretch = split(self._gathered(), before_ns)
        self._take_stretch(early)

    def _take_stretch(self, stretch: list[Arrivals]) -> None:
        """All at once where nothing happens but SAMPLEs, else in halves, down to single slots; little by little until
        every board is known."""
        while stretch and not self._boards.take_calm(stretch):
            first = min(int(arrivals.t_mono_ns[0]) for arrivals in stretch) // self._slot_ns
            last = max(int(arrivals.t_mono_ns[-1]) for arrivals in stretch) // self._slot_ns
            if first == last:
                chunks = ordered(stretch)
                for fault, recovered in self._boards.take(chunks):
                    self._tell_fault(fault, recovered, chunks[-1].t_mono_ns)
                break
            more = (last - first + 1) // 2
            if more > _UNKNOWN_SLOTS and not self._boards.known(stretch):
                more = _UNKNOWN_SLOTS
            early, stretch = split(stretch, (first + more) * self._slot_ns)
            self._take_stretch(early)
        if stretch:
            self._work(self._boards.horizon_ns())

    def _work(self, horizon_ns: int | None) -> None:
        if horizon_ns is None:
            return
        tick = self._p.tick_ns
        if self._cursor_ns is None:
            first_ns = self._boards.first_ns()
            assert first_ns is not None
            self._cursor_ns = self._begun_ns = first_ns - first_ns % self._p.block_ns
        block = self._p.block_ns
        while True:
            touched = self._touched()
            if self._cursor_ns % block == 0:
                rested_ns = self._rest_ahead(
                    self._cursor_ns, self._judging.look_back(self.runs, self._cursor_ns, horizon_ns)
                )
                if not touched and rested_ns > self._cursor_ns:
                    self._cursor_ns = rested_ns
                    self._boards.forget(self.runs.values())
                    continue
            aligned = self._cursor_ns % block == 0
            end_ns = self._cursor_ns + (block if aligned and not touched else tick)
            if end_ns > horizon_ns:
                return
            self._cursor_ns = end_ns
            whole = end_ns % block == 0
            if whole:
                self._together.take(end_ns - block, end_ns)
            for name, run in self.runs.items():
                rows = self._boards.rows(run.board)
                if rows is None or not run.fits(rows):
                    continue
                if run.detector.contact is not None or (whole and run.rested_ns < end_ns):
                    self._take(name, run, end_ns)
            if whole:
                self._boards.forget(self.runs.values())

    def _rest_ahead(self, begin_ns: int, horizon_ns: int) -> int:
        """Let plates at rest take whole blocks ahead, as long as nothing happens; up to when all have done so.

        A plate at rest touches nothing that is common to the plates, so that it does not matter who goes first.
        """
        block = self._p.block_ns
        until_ns = horizon_ns - horizon_ns % block
        rested_ns = until_ns
        for name, run in self.runs.items():
            rows = self._boards.rows(run.board)
            if rows is None or not run.fits(rows):
                continue
            reached_ns = max(run.rested_ns, begin_ns)
            if reached_ns == begin_ns < until_ns:
                reached_ns += block * self._ahead[name].take(rows, begin_ns, (until_ns - begin_ns) // block, block)
                run.rested_ns = reached_ns
            rested_ns = min(rested_ns, reached_ns)
        return rested_ns

    def _take(self, name: str, run: PlateRun, end_ns: int) -> None:
        """A plate's conversions up to `end_ns`: whole blocks at rest, ticks from where it departs until it rests again.

        What comes late (a backlog, or what was held before a HELLO) is taken in the same steps as what comes in time.
        """
        rows = self._boards.rows(run.board)
        assert rows is not None
        block, modes = run.take(rows, rows.until(end_ns))
        detector = run.detector
        if run.interrupted:
            detector.interrupt()
        run.turned()
        for key in (news := run.cells.news())[0]:
            self._tell_fault(self._faults.begin(key, (name,)), False, end_ns)
        for key in news[1]:
            self._tell_fault(self._faults.end(key), True, end_ns)
        done = 0
        while done < len(block):
            at_rest = detector.contact is None
            step_ns = self._p.block_ns if at_rest else self._p.tick_ns
            # a row that the filter held back belongs to the step of the next
            first_ns = int(block.t_ns[min(max(done, run.held_back), len(block) - 1)])
            upto = int(block.t_ns.searchsorted(min(first_ns - first_ns % step_ns + step_ns, end_ns)))
            part = (block.t_ns[done:upto], modes[done:upto], block.saturated[done:upto])
            if at_rest:
                done += detector.rest(*part)
                if detector.contact is not None:
                    run.cells.opened(detector.contact.before)
                continue
            detector.touch(*part)
            done = upto
            self._judging.look(name, run)

    def _quality(self, name: str, run: PlateRun) -> tuple[str, ...]:
        return tuple(sorted({*self._faults.quality(name), *run.cells.quality()}))

    def _tell_fault(self, fault: Fault | None, recovered: bool, t_ns: int) -> None:
        if fault is None:
            return
        self._tell(RECOVERED if recovered else FAULT, fault.board or "agent", t_ns, t_ns, fault)

    def _tell(self, kind: str, subject: str, t_ns: int, made_ns: int, data: Data) -> None:
        self._teller.tell(kind, subject, t_ns, made_ns, data)

    def _emptied(self) -> list[Told]:
        return self._teller.emptied()
