"""What the page is told: plates and agents as they say, receipts, cases, faults, headline figures."""

from __future__ import annotations

from collections import deque
from typing import Any

from agent.messages import AgentStatus, MessageError, PlateState, Topics, format_utc, parse_payload
from resolver.ledger import History, review_document
from resolver.page.live import RECENT_RECEIPTS, Live
from resolver.shop import Adjusted, Closed, Effect, Issued, Review, Shop
from resolver.shop.curves import Curves
from resolver.shop.publishing import shown_effect

RECENT = 1000
"""Receipts that the headline figures speak of."""


class Showing:
    """Turns effects and retained topics into entries of the live picture."""

    def __init__(self, live: Live, shop: Shop, history: History, curves: Curves) -> None:
        self._live, self._shop, self._history, self._curves = live, shop, history, curves
        self._agents = Topics(shop.store.id).agent("")
        self._delays_s: deque[float] = deque(maxlen=RECENT)
        self._reviewed: deque[bool] = deque(maxlen=RECENT)
        self._revision_said: set[str] = set()
        self._figures_old = True

    def begin(self, now_utc_ns: int) -> None:
        """Show what the ledger holds."""
        for receipt in reversed(self._history.recent(RECENT)):
            self._count(receipt)
        self.refresh_receipts()
        for document in self._history.open_cases(500):
            self._live.show("review", document["case"], document)
        self.housekeep(now_utc_ns)

    def refresh_receipts(self) -> None:
        """Show the newest receipts as the ledger has them."""
        for receipt in reversed(self._history.recent(RECENT_RECEIPTS)):
            self._live.show("receipt", receipt["id"], receipt)

    def take(self, topic: str, payload: bytes) -> bool:
        """Whether the message was an agent's status or a plate's state, which only the page needs."""
        if not topic.startswith(self._agents) or topic.endswith("/events"):
            return False
        parts = topic.removeprefix(self._agents).split("/")
        agent = parts[0]
        if parts[1:] == ["status"] and agent in self._shop.logs:
            self._status(agent, payload)
        elif len(parts) == 3 and parts[1] == "plates" and parts[2] in self._shop.store.plates:
            self._plate(parts[2], agent, payload)
        return parts[1:] == ["status"] or len(parts) == 3

    def effect(self, effect: Effect) -> None:
        """Show a receipt, an adjustment or a case."""
        if isinstance(effect, (Issued, Adjusted)):
            document = shown_effect(effect)
            self._live.show("receipt", effect.event_id, document)
            self._count(document)
        elif isinstance(effect, Review):
            self._live.show("review", effect.case, review_document(effect, self._curves))
        elif isinstance(effect, Closed):
            self._live.remove("review", effect.case)
        self._figures_old = True

    def figure(self) -> None:
        """Work out the headline figures where something changed them."""
        if self._figures_old:
            self._figures()

    def basket(self, session: str, document: dict[str, Any] | None) -> None:
        """Show a basket while its session is inside."""
        account = self._shop.visits.of_session(session)
        if document is None or account is None or account.issued:
            self._live.remove("basket", session)
        else:
            exited = account.exited_utc_ns is not None
            self._live.show("basket", session, {**document, "state": "settling" if exited else "inside"})

    def store_changed(self) -> None:
        self._revision_said.clear()

    def housekeep(self, now_utc_ns: int) -> None:
        """Faults and figures as they stand."""
        self._faults(now_utc_ns)
        self._figures()

    def _status(self, agent: str, payload: bytes) -> None:
        try:
            status = parse_payload(AgentStatus, payload)
        except MessageError:
            return  # not ours to judge: the agent's watermark tells what counts
        document = {"agent": agent, **status.model_dump(mode="json")}
        document["store_differs"] = status.store_revision != self._shop.store.revision
        self._live.show("agent", agent, document)

    def _plate(self, plate: str, agent: str, payload: bytes) -> None:
        try:
            state = parse_payload(PlateState, payload)
        except MessageError:
            return
        if state.weight_g is not None:
            self._curves.hear(plate, state.time, state.weight_g)
        self._live.show("plate", plate, {"plate": plate, "agent": agent, **state.model_dump(mode="json")})

    def _faults(self, now_utc_ns: int) -> None:
        found = {}
        for (agent, name, plates), fact in self._shop.faults.items():
            key = f"{agent}/{name}/{','.join(plates)}"
            since = format_utc(fact.t_utc_ns)
            found[key] = {"fault": name, "agent": agent, "plates": list(plates), "remedy": fact.remedy, "since": since}
        for agent, log in self._shop.logs.items():
            if log.doubled_between(now_utc_ns - 60_000_000_000, now_utc_ns):
                remedy = f"two agents call themselves {agent}: give each its own id"
                found[f"{agent}/duplicate-agent"] = {
                    "fault": "duplicate-agent", "agent": agent, "plates": [], "remedy": remedy, "since": "",
                }  # fmt: skip
        for entry in self._live.entries("fault"):
            key = "/".join([entry["agent"], entry["fault"], *([",".join(entry["plates"])] if entry["since"] else [])])
            if key not in found:
                self._live.remove("fault", key)
        for key, document in found.items():
            if self._live.entry("fault", key) != document:
                self._live.show("fault", key, document)

    def _count(self, document: dict[str, Any]) -> None:
        if document["kind"] != "receipt" or document["decided_by"]:
            return
        self._delays_s.append(document["delay_s"])
        self._reviewed.append(document["data"]["state"] == "review")

    def _figures(self) -> None:
        self._figures_old = False
        delays = sorted(self._delays_s)
        cases = self._live.entries("review")
        unresolved = sum((self._shop.prices.parsed(case["unresolved"]) for case in cases), self._shop.prices.zero)
        self._live.figures(
            {
                "receipts": len(self._reviewed),
                "reviewed_per_1000": round(1000 * sum(self._reviewed) / len(self._reviewed)) if self._reviewed else 0,
                "delay_p50_s": _quantile(delays, 0.5),
                "delay_p95_s": _quantile(delays, 0.95),
                "shrink": format(unresolved, "f"),
                "currency": self._shop.store.currency,
                "open_cases": len(cases),
                "inside": len(self._shop.visits.open()),
            }
        )


def _quantile(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
