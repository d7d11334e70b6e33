"""One life of the agent: a store file, an epoch, a pipeline with its keeper and its uplink. SIGHUP begins the next."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from agent.journal import CellCalibration, Journal, merge_calibration
from agent.messages import Command, Fault, OpenPlate, PlateState
from agent.messages.types import format_utc
from agent.pipeline.arrivals import SLOT_NS, Chunk
from agent.pipeline.told import PlateReading, ShelfPipeline, Since, Told, Zeroed
from agent.service.inbox import Batch, ServiceFault
from agent.service.keeper import Keeper
from agent.service.orders import OrderError, Orders
from agent.service.timeline import SECOND_NS, TimeLine
from agent.uplink.horizon import Mark
from agent.uplink.uplink import Uplink

log = logging.getLogger(__name__)

READINGS_PERIOD_NS = SECOND_NS // 2  # the plate topics show what is new at most twice a second
CLOCK_PERIOD_NS = SECOND_NS
TURN_NS = SECOND_NS // 4  # between turns at most
LATE_NS = SECOND_NS // 50  # between looks at what is due already: a board has not delivered yet
READ_NS = SECOND_NS // 500  # ports are read so long before a turn
CLOCK_STEPPED = "clock-stepped"


@dataclass(frozen=True, slots=True)
class Ports:
    """What a life may do with the ports."""

    write: Callable[[str, bytes], None]
    identify: Callable[[], list[str]]


class Life:
    """Turns batches into durable events. One thread calls it."""

    def __init__(
        self,
        names: tuple[str, str, str],
        pipeline: ShelfPipeline,
        journal: Journal,
        line: TimeLine,
        uplink: Uplink,
        ports: Ports,
    ) -> None:
        """`names`: store, agent, epoch."""
        self._agent = names[1]
        self._pipeline, self._line, self._uplink, self._ports = pipeline, line, uplink, ports
        self._state = journal.folder
        self._orders = Orders(pipeline, journal.load_extras(), self._keep_zeros)
        self._keeper = Keeper(journal, line, names, self._belief, self._own_fault)
        self._now_ns = self._read_ns = self._clock_ns = line.now_ns()
        self._progress = pipeline.progress()
        self._done: list[Command] = []
        self._settled: set[str] = set()
        self._all_settled = False
        self._blind = False

    @property
    def pending(self) -> int:
        """Events that are not durable."""
        return self._keeper.pending

    @property
    def touched(self) -> bool:
        """A contact is open somewhere: what comes next is waited for."""
        return bool(self._progress.open)

    def next_ns(self) -> int:
        """When the next turn is to be: where something is touched, as soon as a tick is complete; else at the next look
        at rest."""
        now_ns = self._line.now_ns()
        due_ns = self._pipeline.due_ns()
        if due_ns is None or due_ns <= now_ns:
            return now_ns - now_ns % SLOT_NS + SLOT_NS if self.touched else now_ns + LATE_NS
        if self.touched:  # a turn takes what had come by the end of the slot before it
            due_ns += READ_NS
            due_ns += -due_ns % SLOT_NS
        return min(due_ns, now_ns + TURN_NS)

    def turn(self, batch: Batch) -> None:
        """Measure, decide, make durable, offer."""
        self._now_ns = now_ns = batch.t_mono_ns
        self._measure(batch)
        self._tell(self._pipeline.advance(now_ns, at_leisure=not batch.notes))
        for note in batch.notes:
            if isinstance(note, ServiceFault):
                self._report(note)
            else:
                self._order(note)
        self._tell(self._orders.overdue(now_ns))
        for source, data in self._pipeline.requests():
            self._ports.write(source, data)
        if now_ns - self._clock_ns >= CLOCK_PERIOD_NS:
            self._clock_ns = now_ns
            self._look_at_clock()
        self._keep(now_ns)

    def end(self, batch: Batch) -> None:
        """The last turn: decide what can be decided, and make it durable."""
        self._now_ns = batch.t_mono_ns
        self._measure(batch)
        self._tell(self._pipeline.finish())
        self._keeper.force()
        self._keep(batch.t_mono_ns)

    def settle(self) -> None:
        """Save how far the broker has acknowledged, after the uplink has ended."""
        self._line.told_until(self._uplink.until_t_utc_ns)
        self._keeper.force()
        self._keeper.turn(self._line.now_ns(), self._uplink.acknowledged, self._orders.saved())

    def _measure(self, batch: Batch) -> None:
        if self._keeper.overwhelmed != self._blind:
            self._blind = self._keeper.overwhelmed
            log.error("too many events are not durable; measuring stops") if self._blind else log.info(
                "measuring again"
            )
        if not self._blind:
            self._pipeline.put(Chunk(chunk.source, chunk.t_mono_ns, chunk.data) for chunk in batch.chunks)

    def _tell(self, told: list[Told]) -> None:
        if told:
            self._keeper.add(told)

    def _keep(self, now_ns: int) -> None:
        fresh = self._keeper.turn(now_ns, self._uplink.acknowledged, self._orders.saved())
        if fresh:  # on its way first; how the plates stand now is for the next turn
            self._uplink.fresh()
            self._read_ns = now_ns - READINGS_PERIOD_NS
        if not self._keeper.pending:
            for command in self._done:
                self._uplink.reply(command, "done")
            self._done.clear()
        before, self._progress = self._progress, self._pipeline.progress()
        moved = before.until_t_mono_ns != self._progress.until_t_mono_ns
        due = now_ns - self._read_ns >= READINGS_PERIOD_NS and not fresh
        if not (fresh or moved or due):
            return
        readings: list[PlateReading] = []
        if due or not self._all_settled:
            self._read_ns = now_ns
            readings = self._pipeline.readings()
        mark = None if self._newly_settled(readings) else self._mark()
        self._uplink.offer(mark, [self._plate(reading) for reading in readings])
        self._line.told_until(self._uplink.until_t_utc_ns)

    def _newly_settled(self, readings: list[PlateReading]) -> bool:
        """A plate's first rest of this life is made durable before a watermark speaks of it: from then on, whatever
        stops, the next life has something to compare with."""
        settled = {reading.plate for reading in readings if reading.stable and reading.weight_g is not None}
        fresh = not settled <= self._settled
        if fresh:
            self._settled |= settled
            self._all_settled = len(self._settled) == len(readings)
            self._keeper.force()
        return fresh

    def _mark(self) -> Mark | None:
        """How far all is told; nothing while events are not durable, or UTC is not right."""
        progress = self._progress
        if progress.until_t_mono_ns is None or self._keeper.pending or not self._line.synchronised:
            return None
        return Mark(
            progress.sequence,
            self._line.horizon_utc_ns(progress.until_t_mono_ns),
            tuple(self._since(since) for since in progress.open),
            tuple(self._since(since) for since in progress.blind),
        )

    def _since(self, since: Since) -> OpenPlate:
        return OpenPlate(plate=since.plate, since=since.t_mono_ns + self._line.offset_ns)

    def _plate(self, reading: PlateReading) -> tuple[str, PlateState]:
        return reading.plate, PlateState(
            weight_g=reading.weight_g,
            stable=reading.stable,
            contents=reading.contents,
            quality=reading.quality,
            time=reading.t_mono_ns + self._line.offset_ns,
        )

    def _order(self, command: Command) -> None:
        if command.command == "identify":
            self._uplink.reply(command, "done", ports=self._ports.identify())
            return
        try:
            self._tell(self._orders.carry_out(command, self._now_ns))
        except OrderError as error:
            self._uplink.reply(command, "refused", str(error))
            return
        self._keeper.force()
        self._done.append(command)  # answered once it is durable

    def _keep_zeros(self, cells: tuple[Zeroed, ...]) -> None:
        """A tare outlives this life as what the tools measure does."""
        made = format_utc(self._line.now_utc_ns())
        merge_calibration(self._state, [CellCalibration(**asdict(cell), made=made) for cell in cells])

    def _belief(self, whole: bool) -> dict[str, Any]:
        return self._pipeline.snapshot(whole=whole)

    def _own_fault(self, fault: str, remedy: str, recovered: bool) -> None:
        self._report(ServiceFault(fault, self._agent, remedy, recovered))

    def _report(self, note: ServiceFault) -> None:
        fault = Fault(fault=note.fault, remedy=note.remedy)
        self._tell(
            self._pipeline.report(fault, note.subject or self._agent, recovered=note.recovered, t_mono_ns=self._now_ns)
        )

    def _look_at_clock(self) -> None:
        self._line.poll()
        step_ns, self._line.stepped_ns = self._line.stepped_ns, None
        if step_ns is not None:
            text = f"the machine's clock went {step_ns / SECOND_NS:+.1f} s; check its time service"
            log.warning("%s: %s", CLOCK_STEPPED, text)
            self._own_fault(CLOCK_STEPPED, text, False)
            self._own_fault(CLOCK_STEPPED, "", True)
