"""What the monitor shows: plates, agents, last events, as lines of text. Pure."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from agent.messages import AgentStatus, MessageError, PlateState, Topics, parse_payload
from agent.messages.types import format_utc
from agent.store import Item

LAST_EVENTS = 12
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Screen:
    """Takes messages in with `heard`, gives lines."""

    def __init__(self, store: str, items: Mapping[str, Item]) -> None:
        self._topics, self._items = Topics(store), items
        self._agents: dict[str, AgentStatus] = {}
        self._plates: dict[str, PlateState] = {}
        self._faults: dict[tuple[str, str], str] = {}
        self._events: deque[str] = deque(maxlen=LAST_EVENTS)

    def heard(self, topic: str, payload: bytes) -> str | None:
        """Take a message; what it says in one line, None where it says nothing."""
        parts = topic.removeprefix(f"{self._topics.base}/agents/").split("/")
        try:
            if len(parts) == 3 and parts[1] == "plates":
                self._plates[parts[2]] = state = parse_payload(PlateState, payload)
                return f"{format_utc(state.time)[11:19]} {parts[2]:6s} {self._plate(state)}"
            if len(parts) == 2 and parts[1] == "status":
                self._agents[parts[0]] = status = parse_payload(AgentStatus, payload)
                version = _plain(status.version)
                return f"agent {parts[0]} {status.state} since {format_utc(status.since)}, version {version}"
            if len(parts) == 2 and parts[1] == "events":
                return self._event(parts[0], json.loads(payload))
        except (MessageError, ValueError, KeyError, TypeError, AttributeError):
            return f"a message on {_plain(topic)} that is none of ours"
        return None

    def lines(self, width: int) -> list[str]:
        """The whole screen, cut to `width`."""
        agents = [f"agent {name} {status.state}" for name, status in sorted(self._agents.items())]
        out = [", ".join(agents) or "no agent has been heard yet", ""]
        out.append("plate       weight g  state    contents")
        for name, state in sorted(self._plates.items()):
            out.append(f"{name:10.10s} {self._plate(state)}")
        if self._faults:
            out += ["", "faults"] + [f"  {text}" for text in self._faults.values()]
        out += ["", "last events"] + [f"  {text}" for text in reversed(self._events)]
        return [line[:width] for line in out]

    def _plate(self, state: PlateState) -> str:
        weight = "     -    " if state.weight_g is None else f"{state.weight_g:10.1f}"
        stable = "stable " if state.stable else "touched" if state.weight_g is not None else "blind  "
        contents = ", ".join(f"{count} x {self._name(sku)}" for sku, count in state.contents.items() if count)
        quality = f"  [{', '.join(map(_plain, state.quality))}]" if state.quality else ""
        return f"{weight}  {stable}  {contents}{quality}"

    def _event(self, agent: str, event: dict[str, Any]) -> str:
        kind = str(event["type"]).rpartition(".")[2]
        data = event["data"]
        at = _plain(str(event["time"]))[11:19]
        if kind in ("fault", "recovered"):
            key = (agent, f"{data['fault']}/{data.get('board')}/{data.get('channel')}")
            text = (
                f"{_plain(str(data['fault']))} {_plain(str(event['subject']))}: {_plain(str(data.get('remedy', '')))}"
            )
            if kind == "fault":
                self._faults[key] = text
            else:
                self._faults.pop(key, None)
            line = f"{at} {kind} {text}"
        elif kind == "correction":
            line = f"{at} correction of {_plain(str(data['corrects']))}: {self._goods(data['items'])}"
        else:
            goods = self._goods(data["items"])
            line = f"{at} {_plain(str(data['plate'])):6s} {kind:6s} {goods}  {data['delta_g']:+.1f} g"
            line += f"  {data['confidence']:.1%}" + ("  staff" if data.get("actor") == "staff" else "")
        self._events.append(line)
        return line

    def _goods(self, items: list[dict[str, Any]]) -> str:
        if not items:
            return "something else"
        return ", ".join(f"{int(item['qty'])} x {self._name(str(item['sku']))}" for item in items)

    def _name(self, sku: str) -> str:
        item = self._items.get(sku)
        return _plain(item.name if item else sku)


def _plain(text: str) -> str:
    """Text from the network, without what a terminal would obey."""
    return _CONTROL.sub("?", text)
