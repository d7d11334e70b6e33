"""The running agent: ports, lives, recorder, signals, systemd. Built from settings by `commands.run`."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import __version__
from agent.journal import Journal, JournalError, Link
from agent.messages import Command
from agent.pipeline.told import ShelfPipeline
from agent.service.clock import Clock, Sync
from agent.service.inbox import Batch, Inbox, ServiceFault
from agent.service.life import TURN_NS, Life, Ports
from agent.service.notify import Notifier
from agent.service.timeline import SECOND_NS, TimeLine
from agent.sources.finder import PortFinder
from agent.sources.gatherer import Gatherer
from agent.sources.port import PortOpener
from agent.sources.reader import PortReader
from agent.store import Store
from agent.uplink.identity import Identity
from agent.uplink.link import Link as BrokerLink
from agent.uplink.link import Will
from agent.uplink.uplink import Bounds, Uplink
from agent.wire import identify

if TYPE_CHECKING:
    from agent.sources.recorder import Recorder

log = logging.getLogger(__name__)

GATHER_S = TURN_NS / SECOND_NS  # ports are read right before a turn, and at the pace of turns where nothing happens
GATHERED_S = 0.02  # so long a turn waits for them
GATHER_MARGIN_S = 0.0015  # beyond what reading took of late
DRAIN_S = 0.8  # of the 2 s that a stop may take
JOIN_S = 0.3
STALE_S = 20.0  # a thread that has not turned for so long hangs
EPOCH_BYTES = 8
STATUS_PERIOD_S = 1.0


class ServiceFailure(Exception):  # noqa: N818 # an ending, with the line that says why
    """The service cannot go on."""


@dataclass(frozen=True, slots=True)
class World:
    """What comes in from outside. `pipeline` makes one of store, agent and epoch, with the belief of the journal."""

    clock: Clock
    sync: Sync
    open_port: PortOpener
    link: Callable[[str, Will], BrokerLink]
    pipeline: Callable[[Store, str, str], ShelfPipeline]
    notifier: Notifier
    announce: Callable[[Store, str], list[tuple[str, str]]] = lambda _store, _agent: []


class Service:
    """Runs lives until it is stopped. Signals set `stop_asked` and `reload_asked`."""

    def __init__(
        self,
        world: World,
        journal: Journal,
        load: Callable[[], tuple[Store, str]],
        ports: list[str] | None,
        recorder: Callable[[TimeLine], Recorder | None],
    ) -> None:
        """`load` gives the store file, as it is by then, and the agent's id; ValueError where it is refused."""
        self._world, self._journal, self._load = world, journal, load
        self._line = TimeLine(world.clock, world.sync, journal.load_line())
        self._inbox = Inbox(self._line.now_ns)
        self._recorder = recorder(self._line)
        self._arriving = threading.Lock()  # the recorder takes what comes in order of time
        self._gatherer = gatherer = Gatherer(GATHER_S)
        self._named = [PortReader(path, self, world.open_port, gatherer=gatherer) for path in ports or []]
        self._finder = PortFinder(self, world.open_port, gatherer=gatherer) if ports is None else None
        self._twin = ""
        self._watchdog_s = self._status_s = 0.0
        self.stop_asked = self.reload_asked = False

    # -- from other threads ---------------------------------------------------------------------

    def bytes_came(self, source: str, data: bytes) -> None:
        with self._arriving:
            chunk = self._inbox.put_bytes(source, data)
            if chunk is not None and self._recorder is not None:
                self._recorder.add(chunk)

    def port_fault(self, source: str, fault: str, remedy: str) -> None:
        self._inbox.put_note(ServiceFault(fault, source, remedy, recovered=False))

    def port_recovered(self, source: str, fault: str) -> None:
        self._inbox.put_note(ServiceFault(fault, source, "", recovered=True))

    def command(self, command: Command) -> None:
        with self._arriving:
            if self._recorder is not None:
                self._recorder.add_command(self._line.now_ns(), command.model_dump(mode="json"))
        self._inbox.put_note(command)

    def uplink_fault(self, fault: str, remedy: str, *, recovered: bool) -> None:
        self._inbox.put_note(ServiceFault(fault, "", remedy, recovered))

    def twin(self, epoch: str) -> None:
        self._twin = epoch
        self._inbox.wake()

    # -- the main thread ------------------------------------------------------------------------

    def run(self, store: Store, agent: str) -> None:
        """Serve with this store file until `stop_asked`.

        Raises:
            ServiceFailure: another agent of this id, or a part of it failed.
        """
        if self._finder is not None:
            log.info("no ports are named: every USB serial port that answers with HELLO is used")
        for reader in self._named:
            reader.start()
        try:
            while True:
                following = self._live(store, agent)
                if following is None:
                    return
                store, agent = following
        finally:
            self._world.notifier.stopping()
            for reader in self._readers():
                reader.stop()
            if self._recorder is not None:
                self._recorder.close()

    def _live(self, store: Store, agent: str) -> tuple[Store, str] | None:
        """One life; the store file of the next, or None at the end."""
        epoch = secrets.token_hex(EPOCH_BYTES)
        previous = self._journal.last_epoch()
        pipeline = self._world.pipeline(store, agent, epoch)
        uplink = self._uplink(store, agent, epoch, previous)
        life = Life(
            (store.id, agent, epoch), pipeline, self._journal, self._line, uplink, Ports(self._write, self._identify)
        )
        log.info("agent %s of store %s, epoch %s, store file %s", agent, store.id, epoch, store.revision)
        if self._journal.damaged is not None:
            self.port_fault(agent, "journal-damaged", f"kept as {self._journal.damaged}; check the disk")
            self._journal.damaged = None
        life.turn(self._inbox.take(0.0))
        uplink.start()
        self._world.notifier.ready()
        try:
            following = self._turns(life, uplink, (store, agent))
            if following is None:
                for reader in self._readers():
                    reader.stop()
                self._gatherer.gather(GATHERED_S)
                for reader in self._readers():
                    reader.join(JOIN_S)
            life.end(self._inbox.take(0.0))
        finally:
            drained = uplink.stop(DRAIN_S)
        life.settle()
        if not drained:
            log.info("not all events are acknowledged; they are kept and told at the next start")
        return following

    def _turns(self, life: Life, uplink: Uplink, current: tuple[Store, str]) -> tuple[Store, str] | None:
        while not self.stop_asked:
            if self._finder is not None:
                self._finder.turn()
            life.turn(self._gathered(life.next_ns()))
            self._check(life, uplink)
            if self.reload_asked:
                self.reload_asked = False
                following = self._reloaded(*current)
                if following is not None:
                    return following
        return None

    def _gathered(self, t_ns: int) -> Batch:
        """All that comes by an instant, or until there is a note: ports are read right before."""
        left_s = self._left_s(t_ns)
        planned_s = self._gatherer.gather_at(time.monotonic() + left_s - self._gatherer.took_s - GATHER_MARGIN_S)
        if not self._inbox.rest(left_s):
            self._gatherer.gathered(planned_s, GATHERED_S)
        return self._inbox.take(0.0)

    def _left_s(self, t_ns: int) -> float:
        return (t_ns - self._line.now_ns()) / SECOND_NS

    def _check(self, life: Life, uplink: Uplink) -> None:
        """End where a part has failed; tell systemd that all parts move."""
        now_s = time.monotonic()
        if self._twin:
            raise ServiceFailure(
                f"another agent of this id is online (epoch {self._twin}); stop it, or give one of them another id"
            )
        if uplink.failure is not None:
            raise ServiceFailure(f"the uplink has failed: {uplink.failure!r}")
        if any(reader.finished for reader in self._named):
            raise ServiceFailure("a port's reader has ended")
        beats = [uplink.heartbeat_s, *(reader.heartbeat_s for reader in self._readers())]
        moving = now_s - min(beats) < STALE_S
        watchdog_s = self._world.notifier.watchdog_s
        if moving and watchdog_s and now_s - self._watchdog_s >= watchdog_s / 4:
            self._watchdog_s = now_s
            self._world.notifier.alive()
        if now_s - self._status_s >= STATUS_PERIOD_S:
            self._status_s = now_s
            self._world.notifier.status(self._status(life, uplink))

    def _status(self, life: Life, uplink: Uplink) -> str:
        boards = sum(reader.is_board and not reader.in_fault for reader in self._readers())
        parts = [f"{boards} ports", "broker connected" if uplink.ready else "no broker, events are kept"]
        if life.pending:
            parts.append(f"{life.pending} events not durable: check the disk")
        if not self._line.synchronised:
            parts.append("clock not synchronised")
        return ", ".join(parts)

    def _reloaded(self, store: Store, agent: str) -> tuple[Store, str] | None:
        """The store file as it is now, if it can be lived with."""
        try:
            following = self._load()
            if (following[0].id, following[1]) != (store.id, agent):
                raise ValueError(f"it is that of store {following[0].id}, agent {following[1]}; restart for that")
            self._world.pipeline(*following, "trial")
        except (ValueError, JournalError) as error:
            log.error("the store file is refused, running on with the one before: %s", error)
            return None
        log.info("store file read again, revision %s", following[0].revision)
        return following

    def _uplink(self, store: Store, agent: str, epoch: str, previous: Link | None) -> Uplink:
        identity = Identity(
            store=store.id,
            agent=agent,
            epoch=epoch,
            version=__version__,
            store_revision=store.revision,
            since_t_utc_ns=self._line.now_utc_ns(),
            previous=previous,
            own_epochs=self._journal.epochs(),
        )
        saved = self._journal.load_line()
        bounds = Bounds(self._journal.acknowledged(), self._journal.last_row(), saved.until_ns if saved else None)
        will = Will(identity.topics.status(agent), identity.status(online=False))
        link = self._world.link(identity.client_id, will)
        return Uplink(
            link,
            self._journal.reader(),
            identity,
            bounds,
            self,
            self._line.now_utc_ns,
            self._world.announce(store, agent),
        )

    def _readers(self) -> list[PortReader]:
        return self._named + (self._finder.readers if self._finder else [])

    def _write(self, source: str, data: bytes) -> None:
        for reader in self._readers():
            if reader.path == source:
                reader.write(data)

    def _identify(self) -> list[str]:
        for reader in self._readers():
            reader.write(identify())
        return [reader.path for reader in self._readers()]
