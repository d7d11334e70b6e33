"""What doors, trackers and the agent's watermark would have said in a case, beside the events that the agent told."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

Message = dict[str, Any]

WATERMARK_S = 0.25
TICK_S = 0.25
"""A tracker's messages, four a second."""
VALID_S = 1.0
UNKNOWN = 0.2
"""What the tracker does not give to the one it names it gives to the others, but for this part: nobody known."""
LEAST_DOUBT = 0.005
REST_S = 0.35
"""From a hand's end until a plate is known to rest again."""
REACH_S = 1.5
"""Before and after a movement the tracker sees whose hand it is."""
LEAD_S = 2.0
"""Somebody stands before a plate at most so long before he touches it."""
LEAVE_S = (1.0, 4.0)
"""From the last movement to the door."""


@dataclass(frozen=True)
class Visitor:
    """A shopper of the case: inside from `enters_s` to `leaves_s`."""

    name: str
    enters_s: float
    leaves_s: float


def utc(start_ns: int, t: float) -> str:
    """RFC 3339 with microseconds of a case's instant."""
    whole = start_ns // 1000 + round(t * 1e6)
    when = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=whole)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(start_ns: int, text: str) -> float:
    """The inverse of `utc`."""
    when = dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (when / dt.timedelta(microseconds=1) - start_ns / 1000) / 1e6


def visitors(truth: Message, stood: Sequence[Sequence[Any]], rng: np.random.Generator) -> list[Visitor]:
    """Who was in the shop: everybody who did something; one who did nothing where nothing happened.

    Nobody leaves before his hand has left the shelf. `stood` is [t, who, plate], who went to which plate.
    """
    last: dict[str, float] = {}
    for event in truth["events"]:
        last[event["who"]] = max(last.get(event["who"], 0.0), event["t"])
    for came_s, who, plate in stood:
        touched = [t["end_s"] for t in truth["touches"] if t["plate"] == plate and 0 <= t["start_s"] - came_s < LEAD_S]
        last[who] = max(last.get(who, 0.0), came_s, *touched)
    names = sorted(last) or ["s1"]
    end = truth["duration"] - 2.0
    return [Visitor(name, 0.1 * k, last.get(name, end) + float(rng.uniform(*LEAVE_S))) for k, name in enumerate(names)]


class Tracker:
    """A tracker that is right for a given share of the time, and says how sure it is.

    What it sees of a plate is the truth with normal noise, correlated over `memory_s` (an Ornstein-Uhlenbeck process):
    it confuses people for a while, not for a message. Its shares are the probability given what it sees at the instant.
    """

    def __init__(self, right: float, memory_s: float, rng: np.random.Generator) -> None:
        self._margin = NormalDist().inv_cdf(right) if right < 1.0 else math.inf
        self._keep = math.exp(-TICK_S / memory_s) if memory_s > 0 else 0.0
        self._rng = rng
        self._noise: dict[str, float] = {}

    def says(self, plate: str, name: str, here: Sequence[str]) -> dict[str, float]:
        """Shares of those who are inside, where `name` stands at the plate."""
        fresh = float(self._rng.standard_normal())
        before = self._noise.get(plate)
        noise = fresh if before is None else self._keep * before + math.sqrt(1 - self._keep**2) * fresh
        self._noise[plate] = noise
        others = [other for other in here if other != name]
        if not others:
            return {name: 1.0 - LEAST_DOUBT}
        seen = self._margin + noise
        if seen < 0:
            others = [other for other in here if other != here[(here.index(name) + 1) % len(here)]]
            name = here[(here.index(name) + 1) % len(here)]
        sure = 1.0 / (1.0 + math.exp(-min(2 * self._margin * abs(seen), 50.0)))
        sure = min(sure, 1.0 - LEAST_DOUBT)
        return {name: sure, **{other: (1 - sure) * (1 - UNKNOWN) / len(others) for other in others}}


class Stream:
    """Messages of one case in order of being made."""

    def __init__(self, store: str, start_ns: int) -> None:
        self._store, self._start_ns = store, start_ns
        self._made: list[tuple[float, int, Message]] = []

    def doors(self, inside: Iterable[Visitor]) -> None:
        for visitor in inside:
            data = {"session": visitor.name, "group": None}
            self._tell(visitor.enters_s, "sessions", "doors/front", "entered", visitor.name, data)
            self._tell(visitor.leaves_s, "sessions", "doors/front", "exited", visitor.name, data)

    def events(self, told: Sequence[Message]) -> None:
        for event in told:
            made_s = seconds(self._start_ns, event["recordedtime"])
            topic = f"shelf/v1/{self._store}/{event['source'].split('/', 3)[3]}/events"
            self._made.append((made_s, 0, {"topic": topic, "payload": event}))

    def watermarks(
        self, told: Sequence[Message], agent: str, end_s: float, touches: Sequence[tuple[float, float, str]]
    ) -> None:
        """As the agent would say them: open are the plates that a hand touches (from, to, plate), until they rest
        again, and those whose movement is not told yet."""
        moves = [
            (
                seconds(self._start_ns, event["data"].get("started", event["time"])),
                seconds(self._start_ns, event["recordedtime"]),
                event["data"].get("plate"),
            )
            for event in told
        ]
        moves += [(start_s, stop_s + REST_S, plate) for start_s, stop_s, plate in touches]
        counted = [seconds(self._start_ns, event["recordedtime"]) for event in told]
        epoch = told[0]["epoch"] if told else "replay"
        t, k = WATERMARK_S, 0
        while t <= end_s:
            k += 1
            since: dict[str, float] = {}
            for started, made, plate in moves:
                if plate is not None and started <= t < made:
                    since[plate] = min(since.get(plate, started), started)
            data = {
                "epoch": epoch,
                "sequence": f"{sum(made <= t for made in counted):016d}",
                "until": utc(self._start_ns, t - 0.02),
                "open": [{"plate": plate, "since": utc(self._start_ns, at)} for plate, at in sorted(since.items())],
                "blind": [],
                "previous": None,
            }
            self._tell(t, f"agents/{agent}/watermark", f"agents/{agent}", "watermark", agent, data)
            t += WATERMARK_S

    def presence(
        self,
        truth: Message,
        stood: list[Any],
        inside: list[Visitor],
        plates: Sequence[str],
        tracker: Tracker,
    ) -> None:
        """What the tracker says of who reaches each plate."""
        end_s = max(visitor.leaves_s for visitor in inside)
        t = 0.2
        while t < end_s:
            here = [visitor.name for visitor in inside if visitor.enters_s <= t <= visitor.leaves_s]
            for plate in plates:
                name = _reaching(truth, stood, plate, t)
                shares = tracker.says(plate, name, here) if name in here else {}
                data = {"plates": [plate], "shares": shares, "valid_s": VALID_S, "sensor": "tracker"}
                self._tell(t, "presence", "trackers/tracker", "presence", plate, data)
            t += TICK_S

    def messages(self) -> list[Message]:
        return [message for _, _, message in sorted(self._made, key=lambda entry: entry[:2])]

    def _tell(self, t: float, topic: str, source: str, kind: str, subject: str, data: Message) -> None:
        number = len(self._made) + 1
        payload = {
            "specversion": "1.0",
            "id": f"bench-{number}",
            "source": f"/stores/{self._store}/{source}",
            "type": f"shelf.v1.{kind}",
            "time": utc(self._start_ns, t),
            "recordedtime": utc(self._start_ns, t),
            "subject": subject,
            "datacontenttype": "application/json",
            "data": data,
        }
        self._made.append((t, number, {"topic": f"shelf/v1/{self._store}/{topic}", "payload": payload}))


def _reaching(truth: Message, stood: list[Any], plate: str, t: float) -> str | None:
    """Whose hand is nearest to the plate: of a movement close in time, else of the last who came and went nowhere."""
    close = [(abs(event["t"] - t), event["who"]) for event in truth["events"] if event["plate"] == plate]
    if close and min(close)[0] <= REACH_S:
        return str(min(close)[1])
    at: dict[str, tuple[float, str]] = {}
    for came_s, who, where in stood:
        if came_s <= t:
            at[who] = (came_s, where)
    here = sorted((came_s, who) for who, (came_s, where) in at.items() if where == plate)
    return here[-1][1] if here else None
