"""A small store and hand-made messages for the resolver's tests."""

from __future__ import annotations

import json
from typing import Any

from agent.messages import format_utc
from agent.store import Store, parse_store
from resolver.inbox import SECOND_NS, Reader
from resolver.shop import Adjusted, Issued, Rules, Shop
from resolver.shop.replay import Replay

T0 = 1_800_000_000 * SECOND_NS

STORE_TOML = """
schema = "store/1"
[store]
id = "demo"
currency = "EUR"
{agents}
[[item]]
sku = "cola"
name = "Cola 330 ml can"
price = "1.50"
sold_by = "unit"
unit_weight_g = 350.0
unit_sd_g = 1.8
[[item]]
sku = "juice"
name = "Juice"
price = [{{from = 2020-01-01T00:00:00Z, amount = "2.00"}}, {{from = 2027-01-15T08:00:30Z, amount = "2.20"}}]
sold_by = "unit"
unit_weight_g = 352.0
unit_sd_g = 1.8
[[item]]
sku = "water"
name = "Water"
price = "0.80"
sold_by = "unit"
unit_weight_g = 510.0
unit_sd_g = 2.0
deposit = "0.25"
[[item]]
sku = "tomato"
name = "Tomatoes"
price = "3.99"
sold_by = "weight"
unit_weight_g = 90.0
unit_sd_g = 12.0
[[plate]]
id = "P1"
agent = "a1"
size_mm = [450.0, 300.0]
max_g = 20000.0
[[plate.cell]]
board = "b000000000000001"
channel = 0
x_mm = 20.0
y_mm = 20.0
zero_counts = 0
counts_per_gram = 400.0
[[plate.lane]]
sku = "cola"
x_mm = [0.0, 200.0]
stock = 8
[[plate]]
id = "P2"
agent = "{second}"
size_mm = [450.0, 300.0]
max_g = 20000.0
[[plate.cell]]
board = "b000000000000002"
channel = 0
x_mm = 20.0
y_mm = 20.0
zero_counts = 0
counts_per_gram = 400.0
"""


def make_store(agents: tuple[str, ...] = ("a1",)) -> Store:
    """A store of two plates; with two agents the second serves P2."""
    listed = "\n".join(f'[[agent]]\nid = "{agent}"' for agent in agents)
    return parse_store(STORE_TOML.format(agents=listed, second=agents[-1]).encode(), "test")


def at(seconds: float) -> str:
    """The instant so many seconds after the test's beginning."""
    return Script().at(seconds)


Message = dict[str, Any]


class Script:
    """Messages of a store, in order of being made. Sequences number themselves."""

    def __init__(self, store: str = "demo", epoch: str = "e1", begin_utc_ns: int = T0) -> None:
        self.store, self.epoch, self.begin_utc_ns = store, epoch, begin_utc_ns
        self.messages: list[Message] = []
        self._sequence: dict[tuple[str, str], int] = {}
        self._ids = 0

    def at(self, seconds: float) -> str:
        """The instant so many seconds after the script's beginning."""
        return format_utc(self.begin_utc_ns + round(seconds * SECOND_NS))

    def enter(self, session: str, t: float, group: str | None = None) -> str:
        return self._shop("sessions", "entered", t, {"session": session, "group": group}, session)

    def exit(self, session: str, t: float, group: str | None = None) -> str:
        return self._shop("sessions", "exited", t, {"session": session, "group": group}, session)

    def near(
        self,
        t: float,
        shares: dict[str, float],
        plates: tuple[str, ...] = ("P1",),
        valid_s: float = 2.0,
        sensor: str = "cam1",
    ) -> str:
        return self._shop(
            "presence",
            "presence",
            t,
            {"plates": list(plates), "shares": shares, "valid_s": valid_s, "sensor": sensor},
            sensor,
        )

    def pick(
        self,
        t: float,
        items: dict[str, int],
        plate: str = "P1",
        confidence: float = 0.998,
        kind: str = "pick",
        **more: Any,
    ) -> str:
        agent, told = more.pop("agent", "a1"), more.pop("told", t + 0.4)
        weights: dict[str, float] = more.pop("weights", {})
        listed = [
            {"sku": sku, "qty": qty, **({"weight_g": weights[sku]} if sku in weights else {})}
            for sku, qty in items.items()
        ]
        data = {
            "plate": plate, "delta_g": -350.0 if kind == "pick" else 350.0, "sigma_g": 0.6, "before_g": 7000.0,
            "after_g": 6650.0, "position_mm": None, "position_sigma_mm": None, "items": listed,
            "confidence": confidence, "candidates": [{"items": listed, "probability": confidence}],
            "started": self.at(t - 0.2), "settled": self.at(told), "actor": "shopper", "quality": [], **more,
        }  # fmt: skip
        return self.event(agent, kind, t, data, told, plate)

    def put(self, t: float, items: dict[str, int], **more: Any) -> str:
        return self.pick(t, items, kind="put", **more)

    def correct(
        self,
        t: float,
        event: str,
        items: dict[str, int],
        confidence: float = 0.99,
        withdrawn: bool = False,
        agent: str = "a1",
    ) -> str:
        listed = [{"sku": sku, "qty": qty} for sku, qty in items.items()]
        data = {
            "corrects": event,
            "items": listed,
            "confidence": confidence,
            "withdrawn": withdrawn,
            "reason": "seen better",
        }
        return self.event(agent, "correction", t, data, t, "P1")

    def event(self, agent: str, kind: str, t: float, data: dict[str, Any], told: float, subject: str) -> str:
        number = self._sequence.get((agent, self.epoch), 0) + 1
        self._sequence[agent, self.epoch] = number
        sequence = f"{number:016d}"
        payload = self._envelope(f"agents/{agent}", f"{self.epoch}-{sequence}", kind, t, told, subject, data)
        payload |= {"epoch": self.epoch, "sequence": sequence}
        self.messages.append({"topic": f"shelf/v1/{self.store}/agents/{agent}/events", "payload": payload})
        return str(payload["id"])

    def watermark(self, t: float, until: float | None = None, agent: str = "a1", **more: Any) -> None:
        number = more.pop("sequence", self._sequence.get((agent, self.epoch), 0))
        plates = {
            name: [{"plate": plate, "since": self.at(since)} for plate, since in more.pop(name, {}).items()]
            for name in ("open", "blind")
        }
        data = {
            "epoch": self.epoch,
            "sequence": f"{number:016d}",
            "until": self.at(t if until is None else until),
            **plates,
            "previous": more.pop("previous", None),
        }
        self._ids += 1
        payload = self._envelope(f"agents/{agent}", f"w{self._ids}", "watermark", t, t, agent, data)
        self.messages.append({"topic": f"shelf/v1/{self.store}/agents/{agent}/watermark", "payload": payload})

    def _shop(self, topic: str, kind: str, t: float, data: dict[str, Any], subject: str) -> str:
        self._ids += 1
        source = "cameras/cam1" if topic == "presence" else "doors/front"
        payload = self._envelope(source, f"m{self._ids}", kind, t, t, subject, data)
        self.messages.append({"topic": f"shelf/v1/{self.store}/{topic}", "payload": payload})
        return str(payload["id"])

    def _envelope(
        self, who: str, event_id: str, kind: str, t: float, told: float, subject: str, data: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "specversion": "1.0", "id": event_id, "source": f"/stores/{self.store}/{who}", "type": f"shelf.v1.{kind}",
            "time": self.at(t), "recordedtime": self.at(told), "subject": subject,
            "datacontenttype": "application/json", "data": data,
        }  # fmt: skip

    def lines(self) -> list[str]:
        return [json.dumps(message) for message in self.messages]


def entered() -> Script:
    """A shop with one shopper inside."""
    shop = Script()
    shop.enter("s1", 0)
    return shop


def settle(
    script: Script | list[Message], store: Store | None = None, rules: Rules | None = None
) -> list[Issued | Adjusted]:
    """What a replay of the messages issues."""
    store = store or make_store()
    messages = script.messages if isinstance(script, Script) else script
    driver = Replay(Shop(store, rules), Reader(store.id, store.agents))
    return list(driver.run((message["topic"], message["payload"]) for message in messages))


def only_receipt(script: Script | list[Message], store: Store | None = None) -> Issued:
    """The one receipt of the messages."""
    issued = settle(script, store)
    assert len(issued) == 1, issued
    assert isinstance(issued[0], Issued)
    return issued[0]


def bought(effect: Issued) -> dict[str, int]:
    """Units by sku on a receipt."""
    return {line.sku: line.qty for line in effect.receipt.lines}
