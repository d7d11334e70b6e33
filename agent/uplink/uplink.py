"""The uplink: what is durable goes to the broker, in order; commands come in. One thread; the link has its own."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.journal import Reader
from agent.messages import (
    AgentStatus,
    Command,
    MessageError,
    PlateState,
    Reply,
    parse_payload,
)
from agent.uplink.gate import Gate, RefusedError
from agent.uplink.horizon import Horizon, Mark, watermark_event
from agent.uplink.identity import Identity, StatusJudge, Verdict
from agent.uplink.link import Acknowledged, Connected, Disconnected, Link, LinkEvent, Received, Subscribed
from agent.uplink.plates import PlateBoard
from agent.uplink.resend import Resender, Result, Wanted
from agent.uplink.troubles import Troubles
from agent.uplink.window import Window

log = logging.getLogger(__name__)

WATERMARK_PERIOD_S = 0.2  # messages.md: at least every 250 ms
SAY_AGAIN_S = 1.0
STATUS_ECHO_S = 5.0  # a broker gives our own status back within this, or drops what we publish
REFUSED_WAIT_S, REFUSED_MAX_WAIT_S = 1.0, 60.0
STALLED_S = 30.0  # in flight without any PUBACK although connected: the connection is taken up anew
MAX_RECEIVED = 1000
MAX_REPLIES = 64

PUBLISH_REFUSED, STATUS_NOT_ECHOED = "publish-refused", "status-not-echoed"


class Host(Protocol):
    """What the uplink tells the service; called on the uplink's thread, must not block."""

    def command(self, command: Command) -> None: ...
    def uplink_fault(self, fault: str, remedy: str, *, recovered: bool) -> None: ...
    def twin(self, epoch: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where an earlier process stopped: rows acknowledged, last row of earlier epochs, last `until` told."""

    acknowledged: int
    last_old: int
    until_t_utc_ns: int | None


class Uplink:
    """Between journal and broker. `now_utc_ns` is the agent's own UTC line."""

    def __init__(
        self,
        link: Link,
        reader: Reader,
        identity: Identity,
        bounds: Bounds,
        host: Host,
        now_utc_ns: Callable[[], int],
        announcements: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`announcements`: topics with what is retained there at every connection."""
        self._link, self._reader, self._identity, self._host = link, reader, identity, host
        topics, agent = identity.topics, identity.agent
        self._status_topic, self._commands_topic = topics.status(agent), topics.commands(agent)
        self._replies_topic = topics.replies(agent)
        self._now_utc_ns = now_utc_ns
        self._announcements = announcements
        self._window = Window(bounds.acknowledged, bounds.last_old)
        self._horizon = Horizon(bounds.until_t_utc_ns)
        self._judge = StatusJudge(identity)
        self._gate = Gate()
        self._resender = Resender(reader)
        self._plates = PlateBoard()
        self._replies: deque[Reply] = deque(maxlen=MAX_REPLIES)
        self._faults = Troubles(host)
        self._connected = self._ready = self._said_away = False
        self._said_online_s = self._watermark_s = self._progress_s = 0.0
        self._say_again = False
        self._acknowledged_no = bounds.acknowledged
        self._quiet = False  # nothing is in flight, and there was nothing more to send
        self._paused_until_s, self._pause_s = 0.0, REFUSED_WAIT_S
        self._watermarks = 0
        self._wake = threading.Condition()
        self._events: deque[LinkEvent] = deque()
        self._offered = self._stopping = False  # there are rows or replies to send
        self._behind = True  # there may be rows in the journal that were not sent
        self.heartbeat_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self.failure: BaseException | None = None

    # -- called from other threads --------------------------------------------------------------

    def start(self) -> None:
        self._link.start(self._hear)
        self._thread.start()

    @property
    def acknowledged(self) -> int:
        """Every row up to this `no` is acknowledged by the broker."""
        return self._acknowledged_no

    @property
    def until_t_utc_ns(self) -> int | None:
        """The latest instant that a watermark may have told."""
        return self._horizon.until_t_utc_ns

    @property
    def ready(self) -> bool:
        """Connected, and heard by the broker."""
        return self._ready

    @property
    def dropped_payloads(self) -> int:
        """Payloads that were no messages."""
        return self._gate.dropped

    def fresh(self) -> None:
        """There are new durable rows."""
        with self._wake:
            self._offered = self._behind = True
            self._wake.notify()

    def offer(self, mark: Mark | None, plates: Sequence[tuple[str, PlateState]]) -> None:
        """How far all is told, and the plates as they stand: for the next watermark, which has its own time."""
        with self._wake:
            if mark is not None:
                self._horizon.seen(mark)
            for plate, state in plates:
                self._plates.seen(plate, state)
            if not self._watermarks:  # the first is waited for
                self._wake.notify()

    def reply(self, command: Command, result: Result, reason: str = "", **more: Any) -> None:
        """Answer a command."""
        with self._wake:
            self._replies.append(Reply(id=command.id, result=result, reason=reason, **more))
            self._offered = True
            self._wake.notify()

    def stop(self, within_s: float) -> bool:
        """Wait for what is in flight, at most so long, say offline and hang up; True: all is acknowledged."""
        with self._wake:
            self._quiet = False
            self._offered = True
            self._wake.notify()
            self._wake.wait_for(lambda: self._quiet or not self._ready or self.failure is not None, within_s)
            drained = self._quiet
            self._stopping = True
            self._wake.notify()
        self._thread.join(timeout=1.0)
        self._link.stop()
        self._reader.close()
        return drained

    def _hear(self, event: LinkEvent) -> None:
        with self._wake:
            if isinstance(event, Received) and len(self._events) >= MAX_RECEIVED:
                self._gate.dropped += 1
                return
            self._events.append(event)
            # paho calls what needs no acknowledgement acknowledged once it is sent: nothing to wake up for
            if not isinstance(event, Acknowledged) or self._window.in_flight:
                self._wake.notify()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
            if self._connected:
                self._link.publish(self._status_topic, self._identity.status(online=False), qos=1, retain=True)
        except Exception as error:  # told to the service, which ends the process with it
            log.exception("the uplink has failed")
            self.failure = error

    def _turn(self) -> None:
        with self._wake:
            if not (self._events or self._offered or self._stopping):
                self._wake.wait(self._idle_s())
            events, self._events = self._events, deque()
            self._offered = False
        for event in events:
            self._handle(event)
        self.heartbeat_s = now_s = time.monotonic()
        if not self._connected:
            return
        try:
            self._check_status(now_s)
            self._pump(now_s)
        except sqlite3.Error as error:
            log.warning("cannot read the journal (%s); trying again", error)
            self._paused_until_s = now_s + REFUSED_WAIT_S
        self._check_stall(now_s)
        self._acknowledged_no = self._window.acknowledged

    def _idle_s(self) -> float:
        """Until the next watermark; a while where there is none to tell."""
        due_s = self._watermark_s + WATERMARK_PERIOD_S - time.monotonic()
        return due_s if due_s > 0 else WATERMARK_PERIOD_S / 4

    def _handle(self, event: LinkEvent) -> None:
        match event:
            case Connected(protocol, fresh):
                log.info("connected to the broker, MQTT %s", protocol)
                if fresh:
                    self._window.lost()
                self._connected, self._said_away = True, False
                self._progress_s = time.monotonic()
                self._plates.forget_sent()
                self._link.subscribe([self._commands_topic, self._status_topic])
            case Disconnected(reason):
                if not self._said_away:
                    log.warning("no broker: %s; measuring on, events are kept", reason)
                self._said_away = True
                self._connected = self._ready = False
            case Subscribed(failure):
                if failure:
                    self._faults.begin(STATUS_NOT_ECHOED, f"allow the agent to subscribe to its topics ({failure})")
                self._say_online()
                for topic, payload in self._announcements:
                    self._window.sent(self._link.publish(topic, payload, qos=1, retain=True), None)
            case Acknowledged(mid, failure):
                self._acknowledged(mid, failure)
            case Received(topic, payload, retained):
                self._received(topic, payload, retained=retained)

    def _acknowledged(self, mid: int, failure: str) -> None:
        self._progress_s = time.monotonic()
        if not failure:
            if self._window.confirmed(mid):
                self._pause_s = REFUSED_WAIT_S
                self._faults.end(PUBLISH_REFUSED)
        elif self._window.refused(mid):
            if self._window.rows_in_flight:
                # paho would send the rest again on its own, past the one that was refused.
                self._link.reconnect(fresh=True)
            base = self._identity.topics.agent(self._identity.agent)
            self._faults.begin(PUBLISH_REFUSED, f"allow the agent to publish below {base} ({failure})")
            if self._paused_until_s <= self._progress_s:
                self._paused_until_s = self._progress_s + self._pause_s
                self._pause_s = min(REFUSED_MAX_WAIT_S, self._pause_s * 2)

    def _received(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == self._commands_topic:
            self._command(payload, retained=retained)
        elif topic == self._status_topic and payload:
            try:
                status = parse_payload(AgentStatus, payload)
            except MessageError:
                self._gate.dropped += 1
                return
            self._status_heard(self._judge.judge(status, retained=retained), status)

    def _status_heard(self, verdict: Verdict, status: AgentStatus) -> None:
        if verdict is Verdict.ECHO:
            self._ready = True
            self._faults.end(STATUS_NOT_ECHOED)
        elif verdict is Verdict.SAY_AGAIN:
            self._say_again = True
        elif verdict is Verdict.TWIN:
            self._host.twin(status.epoch)

    def _command(self, payload: bytes, *, retained: bool) -> None:
        try:
            command = self._gate.admit(payload, retained=retained, now_t_utc_ns=self._now_utc_ns())
        except RefusedError as refused:
            self._replies.append(Reply(id=refused.command_id, result="refused", reason=refused.reason))
            return
        if command is None:
            return
        if command.command != "resend":
            self._host.command(command)
            return
        result: Result
        try:
            result, reason = self._resender.ask(parse_payload(Wanted, command.arguments))
        except MessageError as error:
            result, reason = "refused", error.reason
        except sqlite3.Error as error:
            result, reason = "failed", str(error)
        self._replies.append(Reply(id=command.id, result=result, reason=reason))

    def _say_online(self) -> None:
        self._said_online_s, self._say_again = time.monotonic(), False
        mid = self._link.publish(self._status_topic, self._identity.status(online=True), qos=1, retain=True)
        self._window.sent(mid, None)

    def _check_status(self, now_s: float) -> None:
        """Say online again: at most once a second after a late will; every few seconds while nobody hears us."""
        since_s = now_s - self._said_online_s
        if not self._said_online_s or not self._window.free:
            return
        if self._say_again and since_s >= SAY_AGAIN_S:
            self._say_online()
        elif not self._ready and since_s >= STATUS_ECHO_S:
            self._faults.begin(STATUS_NOT_ECHOED, f"allow the agent to write and read {self._status_topic}")
            self._say_online()

    def _pump(self, now_s: float) -> None:
        while self._replies and self._window.free:
            reply = self._replies.popleft().model_dump_json()
            self._window.sent(self._link.publish(self._replies_topic, reply, qos=1, retain=False), None)
        if not self._ready:
            return
        refused = PUBLISH_REFUSED in self._faults
        if now_s >= self._paused_until_s:
            self._send_rows(probing=refused)
        if refused:
            return  # some brokers hang up on whatever they refuse: nothing but the one event that asks
        if now_s >= self._paused_until_s:
            for row in self._resender.next_rows(self._window.free_for_events):
                self._window.sent(self._publish_event(row.body), None)
        with self._wake:
            self._quiet = not self._window.in_flight and not self._offered and not self._replies
            if self._quiet:
                self._wake.notify_all()
        if now_s - self._watermark_s >= WATERMARK_PERIOD_S and self._tell_watermark():
            self._watermark_s = now_s
        with self._wake:
            due = self._plates.due(now_s)
        for plate, state in due:
            topic = self._identity.topics.plate(self._identity.agent, plate)
            self._link.publish(topic, state.model_dump_json(), qos=0, retain=True)

    def _send_rows(self, *, probing: bool) -> None:
        """As many as may be in flight; the journal is not asked where all that it had was sent."""
        with self._wake:
            behind, self._behind = self._behind, False
        if not (behind or self._window.hands_out_again):
            return
        try:
            rows = self._window.next_rows(self._reader.after, probing=probing)
        except sqlite3.Error:
            self._behind = True
            raise
        if rows or probing or not self._window.free_for_events:
            self._behind = True
        for row in rows:
            self._window.sent(self._publish_event(row.body), row)

    def _publish_event(self, body: str) -> int:
        return self._link.publish(self._identity.topics.events(self._identity.agent), body, qos=1, retain=False)

    def _tell_watermark(self) -> bool:
        """Whether there was one to tell; until there is, every turn looks."""
        with self._wake:
            mark = self._horizon.tell(self._window.acknowledged_sequence(self._identity.epoch))
        if mark is None:
            return False
        self._watermarks += 1
        event = watermark_event(self._identity, mark, self._watermarks, self._now_utc_ns())
        topic = self._identity.topics.watermark(self._identity.agent)
        self._link.publish(topic, event.to_json(), qos=0, retain=False)
        return True

    def _check_stall(self, now_s: float) -> None:
        if not self._window.in_flight:
            self._progress_s = now_s
        elif now_s - self._progress_s > STALLED_S:
            log.warning("no acknowledgement for %.0f s; connecting anew", STALLED_S)
            self._progress_s = now_s
            self._link.reconnect(fresh=False)
