"""Topic and payload to a checked fact; everything else is refused with one line that says why."""

from __future__ import annotations

from typing import Any

from msgspec import convert

from agent import messages
from agent.messages import (
    PLATE_ID_PATTERN,
    CloudEvent,
    Fault,
    MessageError,
    Presence,
    SessionData,
    Topics,
    Watermark,
    agent_source,
    parse_payload,
)
from resolver.inbox.facts import (
    MAX_T_UTC_NS,
    Correction,
    CorrectionFact,
    Fact,
    FaultFact,
    Movement,
    MovementFact,
    PresenceFact,
    SessionFact,
    Told,
    WatermarkFact,
)
from resolver.inbox.swift import presence_fact, read_movement, read_presence, read_session, read_watermark

MOVEMENTS: dict[str, type[messages.Movement]] = {
    "pick": messages.Movement,
    "put": messages.Movement,
    "change": messages.Change,
}


class Reader:
    """Reads the messages of one store. Pure: the same message gives the same fact."""

    def __init__(self, store: str, agents: tuple[str, ...]) -> None:
        topics = Topics(store)
        self._store_source = f"/stores/{store}/"
        self._agents_source = agent_source(store, "")
        self._events = {topics.events(agent): (agent, agent_source(store, agent)) for agent in agents}
        self._watermarks = {topics.watermark(agent): (agent, agent_source(store, agent)) for agent in agents}
        self._sessions, self._presence = topics.sessions, topics.presence
        self._agents_topic = topics.agent("")
        self.topics = frozenset((*self._events, *self._watermarks, self._sessions, self._presence))
        """Topics whose messages say facts; others are somebody else's, or of an agent that is not known."""
        self._store = store

    def read(self, topic: str, payload: bytes | str | dict[str, Any]) -> Fact | None:
        """The fact of a message; None for a topic or a kind that is not ours to judge.

        Raises:
            MessageError: not JSON, a member missing or wrong, a source that does not match its topic, an agent
                that is not in the store file.
        """
        raw = payload if isinstance(payload, bytes) else None
        if topic in self._events:
            agent, source = self._events[topic]
            swift = read_movement(agent, source, raw) if raw is not None else None
            return swift or self._numbered(agent, self._envelope(payload, agent))
        if topic in self._watermarks:
            agent, source = self._watermarks[topic]
            mark = read_watermark(agent, source, raw) if raw is not None else None
            return mark or self._watermark(agent, self._envelope(payload, agent))
        if topic == self._sessions:
            session = read_session(self._store_source, self._agents_source, raw) if raw is not None else None
            return session or self._session(self._envelope(payload, None))
        if topic == self._presence:
            near = read_presence(self._store_source, self._agents_source, raw) if raw is not None else None
            return near or self._whereabouts(self._envelope(payload, None))
        if topic.startswith(self._agents_topic) and topic.endswith(("/events", "/watermark")):
            agent = topic.removeprefix(self._agents_topic).split("/")[0]
            raise MessageError(f"agent {agent!r} is not in the store file")
        return None

    def _envelope(self, payload: bytes | str | dict[str, Any], agent: str | None) -> CloudEvent:
        event = parse_payload(CloudEvent, payload)
        if agent is not None:
            good = event.source == agent_source(self._store, agent)
        else:
            good = event.source.startswith(self._store_source) and not event.source.startswith(self._agents_source)
        if not good:
            raise MessageError(f"source {event.source!r} does not match its topic")
        recorded = event.t_recorded
        if not (0 <= event.time <= MAX_T_UTC_NS and 0 <= recorded <= MAX_T_UTC_NS):
            raise MessageError("time: outside 1970 to 2200")
        return event

    def _numbered(self, agent: str, event: CloudEvent) -> Told:
        if event.epoch is None or event.sequence is None:
            raise MessageError(f"{'epoch' if event.epoch is None else 'sequence'}: Field required")
        sequence = int(event.sequence)
        if sequence == 0:
            raise MessageError("sequence: begins at 1")
        base = (agent, event.source, event.id, event.epoch, sequence, event.kind, event.time, event.t_recorded)
        if event.kind in MOVEMENTS:
            movement = parse_payload(MOVEMENTS[event.kind], event.data)
            if not PLATE_ID_PATTERN.fullmatch(movement.plate):
                raise MessageError("plate: no plate id")
            return MovementFact(*base, convert(movement, Movement, from_attributes=True))
        if event.kind == "correction":
            correction = parse_payload(messages.Correction, event.data)
            return CorrectionFact(*base, convert(correction, Correction, from_attributes=True))
        if event.kind in ("fault", "recovered"):
            fault = parse_payload(Fault, event.data)
            return FaultFact(*base, fault.fault, fault.plates, fault.remedy)
        return Told(*base)

    def _watermark(self, agent: str, event: CloudEvent) -> WatermarkFact | None:
        if event.kind != "watermark":
            return None
        mark = parse_payload(Watermark, event.data)
        return WatermarkFact(
            agent,
            event.time,
            mark.epoch,
            int(mark.sequence),
            mark.until,
            tuple((plate.plate, plate.since) for plate in mark.open),
            tuple((plate.plate, plate.since) for plate in mark.blind),
            (mark.previous.epoch, int(mark.previous.sequence)) if mark.previous else None,
        )

    def _session(self, event: CloudEvent) -> SessionFact | None:
        if event.kind not in ("entered", "exited"):
            return None
        data = parse_payload(SessionData, event.data)
        return SessionFact(
            event.source, event.id, event.time, event.t_recorded, data.session, data.group, event.kind == "entered"
        )

    def _whereabouts(self, event: CloudEvent) -> PresenceFact | None:
        if event.kind != "presence":
            return None
        data = parse_payload(Presence, event.data)
        return presence_fact(event.source, event.id, event.time, data.plates, data.shares, data.valid_s, data.sensor)
