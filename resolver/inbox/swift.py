"""Messages as most senders write them, read in one pass: five times as fast as envelope and data one after the other.
Picks and puts, watermarks, who came and went, who is where.

It takes nothing that the full check would refuse; what does not fit to the letter is left to that, which says why.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from agent.messages import ID_PATTERN, PLATE_ID_PATTERN, parse_utc
from agent.messages.envelope import MAX_PAYLOAD_BYTES
from agent.messages.events import MAX_CANDIDATES
from resolver.inbox.facts import (
    MAX_T_UTC_NS,
    SECOND_NS,
    Candidate,
    Count,
    Movement,
    MovementFact,
    PresenceFact,
    Probability,
    SessionFact,
    WatermarkFact,
)

UNUSUAL = bytes([*range(32), *b"\\", 127])
"""Bytes in which readers of JSON differ where they pass over a member: control characters and escapes."""


Digits = Annotated[str, Meta(min_length=16, max_length=16)]
Session = Annotated[str, Meta(pattern=rf"^{ID_PATTERN.pattern}$")]


class _Data(Struct, gc=False):
    plate: str
    delta_g: float
    sigma_g: float
    before_g: float
    after_g: float
    position_mm: tuple[float, float] | None
    position_sigma_mm: float | None
    items: tuple[Count, ...]
    confidence: Probability
    candidates: Annotated[tuple[Candidate, ...], Meta(max_length=MAX_CANDIDATES)]
    started: str
    settled: str
    actor: Literal["shopper", "staff"] = "shopper"
    quality: tuple[str, ...] = ()


class _Envelope(Struct, gc=False, kw_only=True):
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    source: Annotated[str, Meta(min_length=1, max_length=256)]
    time: str
    specversion: Literal["1.0"] = "1.0"
    recordedtime: str | None = None
    subject: Annotated[str, Meta(max_length=128)] | None = None
    datacontenttype: str = "application/json"


class _Event(_Envelope, gc=False, kw_only=True):
    type: Literal["shelf.v1.pick", "shelf.v1.put"]
    epoch: Annotated[str, Meta(max_length=64)]
    sequence: Digits
    data: _Data


class _Unnumbered(_Envelope, gc=False, kw_only=True):
    epoch: None = None
    sequence: None = None


class _Plate(Struct, gc=False):
    plate: str
    since: str


class _Previous(Struct, gc=False):
    epoch: str
    sequence: Digits


class _WatermarkData(Struct, gc=False):
    epoch: str
    sequence: Digits
    until: str
    open: tuple[_Plate, ...] = ()
    blind: tuple[_Plate, ...] = ()
    previous: _Previous | None = None


class _Watermark(_Unnumbered, gc=False, kw_only=True):
    type: Literal["shelf.v1.watermark"]
    data: _WatermarkData


class _SessionData(Struct, gc=False):
    session: Session
    group: Session | None = None


class _Session(_Unnumbered, gc=False, kw_only=True):
    type: Literal["shelf.v1.entered", "shelf.v1.exited"]
    data: _SessionData


class _PresenceData(Struct, gc=False):
    plates: Annotated[tuple[str, ...], Meta(max_length=1024)]
    shares: dict[str, Probability]
    valid_s: Annotated[float, Meta(gt=0.0, le=3600.0)]
    sensor: str = ""


class _Presence(_Unnumbered, gc=False, kw_only=True):
    type: Literal["shelf.v1.presence"]
    data: _PresenceData


_EVENTS = msgspec.json.Decoder(_Event)
_WATERMARKS = msgspec.json.Decoder(_Watermark)
_SESSIONS = msgspec.json.Decoder(_Session)
_PRESENCES = msgspec.json.Decoder(_Presence)
_Kind = TypeVar("_Kind", bound=_Envelope)


def _decoded(decoder: msgspec.json.Decoder[_Kind], payload: bytes) -> tuple[_Kind, int, int] | None:
    """A message with the instants at which it was and was made; None where that is for the full check to say."""
    if (
        len(payload) > MAX_PAYLOAD_BYTES
        or not payload.isascii()
        or len(payload.translate(None, UNUSUAL)) < len(payload)
    ):
        return None
    try:
        event = decoder.decode(payload)
        t_utc_ns = parse_utc(event.time)
        made = event.recordedtime
        recorded_utc_ns = t_utc_ns if made is None or made == event.time else parse_utc(made)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not (0 <= t_utc_ns <= MAX_T_UTC_NS and 0 <= recorded_utc_ns <= MAX_T_UTC_NS):
        return None
    return event, t_utc_ns, recorded_utc_ns


def read_movement(agent: str, source: str, payload: bytes) -> MovementFact | None:
    """The fact of a pick or put of this agent; None where that is for the full check to say."""
    found = _decoded(_EVENTS, payload)
    if found is None:
        return None
    event, t_utc_ns, recorded_utc_ns = found
    data, digits = event.data, event.sequence
    sequence = int(digits) if digits.isdecimal() else 0
    if not sequence or event.source != source or PLATE_ID_PATTERN.fullmatch(data.plate) is None:
        return None
    try:
        started_utc_ns, settled_utc_ns = parse_utc(data.started), parse_utc(data.settled)
    except ValueError:
        return None
    movement = Movement(
        data.plate,
        data.delta_g,
        data.sigma_g,
        data.before_g,
        data.after_g,
        data.items,
        data.confidence,
        data.candidates,
        started_utc_ns,
        settled_utc_ns,
        data.actor,
        data.quality,
    )
    kind = "pick" if event.type == "shelf.v1.pick" else "put"
    return MovementFact(agent, source, event.id, event.epoch, sequence, kind, t_utc_ns, recorded_utc_ns, movement)


def read_watermark(agent: str, source: str, payload: bytes) -> WatermarkFact | None:
    """The fact of a watermark of this agent; None likewise."""
    found = _decoded(_WATERMARKS, payload)
    if found is None or found[0].source != source:
        return None
    mark, before = found[0].data, found[0].data.previous
    if not mark.sequence.isdecimal() or (before is not None and not before.sequence.isdecimal()):
        return None
    try:
        until_utc_ns = parse_utc(mark.until)
        opened, blind = (
            tuple([(plate.plate, parse_utc(plate.since)) for plate in plates]) for plates in (mark.open, mark.blind)
        )
    except ValueError:
        return None
    previous = None if before is None else (before.epoch, int(before.sequence))
    return WatermarkFact(agent, found[1], mark.epoch, int(mark.sequence), until_utc_ns, opened, blind, previous)


def read_session(ours: str, agents: str, payload: bytes) -> SessionFact | None:
    """The fact of an entry or exit, from a source of the store (`ours`) that is no agent (`agents`); None likewise."""
    found = _decoded(_SESSIONS, payload)
    if found is None:
        return None
    event, t_utc_ns, recorded_utc_ns = found
    if not event.source.startswith(ours) or event.source.startswith(agents):
        return None
    data, entered = event.data, event.type == "shelf.v1.entered"
    return SessionFact(event.source, event.id, t_utc_ns, recorded_utc_ns, data.session, data.group, entered)


def read_presence(ours: str, agents: str, payload: bytes) -> PresenceFact | None:
    """The fact of who may reach some plates; None likewise."""
    found = _decoded(_PRESENCES, payload)
    if found is None or not found[0].source.startswith(ours) or found[0].source.startswith(agents):
        return None
    event, t_utc_ns, _ = found
    data = event.data
    return presence_fact(event.source, event.id, t_utc_ns, data.plates, data.shares, data.valid_s, data.sensor)


def presence_fact(
    source: str, name: str, t_utc_ns: int, plates: tuple[str, ...], told: dict[str, float], valid_s: float, sensor: str
) -> PresenceFact:
    """What a checked message of presence says; shares sum to at most 1."""
    until_utc_ns = t_utc_ns + round(valid_s * SECOND_NS)
    total = sum(told.values())
    scale = 1.0 / total if total > 1.0 else 1.0
    shares = tuple(sorted([(session, share * scale) for session, share in told.items() if share > 0.0]))
    return PresenceFact(source, name, t_utc_ns, until_utc_ns, sensor or source, plates, shares)
