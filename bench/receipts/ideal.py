"""What an agent without a fault would tell of a case: to see which part of a wrong receipt is the resolver's."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bench.receipts.messages import Message, utc

TOLD_S = 0.4
"""From the movement to its event."""
SURE = 0.999
EMPTY_G = 5000.0
"""Any weight of a plate: the resolver reads only by how much it changed."""


def ideal_events(truth: Message, store: Message) -> list[Message]:
    """The true events, each as an agent of the store would tell it."""
    items = {item["sku"]: item for item in store["item"]}
    agents = [agent["id"] for agent in store.get("agent", [])] or ["a1"]
    serves = {plate["id"]: plate.get("agent", agents[0]) for plate in store["plate"]}
    sequence: Counter[str] = Counter()
    level_g: Counter[str] = Counter()
    told = []
    for event in sorted(truth["events"], key=lambda event: float(event["t"])):
        agent, plate = serves[event["plate"]], event["plate"]
        sequence[agent] += 1
        number = f"{sequence[agent]:016d}"
        delta_g = event["weight"] if event["kind"] == "put" else -event["weight"]
        before_g = EMPTY_G + level_g[plate]
        level_g[plate] += delta_g
        listed = _listed(event, truth, items)
        start_ns = truth["start_ns"]
        told.append(
            {
                "specversion": "1.0",
                "id": f"ideal-{number}",
                "source": f"/stores/{store['store']['id']}/agents/{agent}",
                "type": f"shelf.v1.{event['kind']}",
                "time": utc(start_ns, event["t"]),
                "recordedtime": utc(start_ns, event["t"] + TOLD_S),
                "subject": plate,
                "datacontenttype": "application/json",
                "epoch": "ideal",
                "sequence": number,
                "data": {
                    "plate": plate,
                    "delta_g": round(delta_g, 1),
                    "sigma_g": 0.3,
                    "before_g": round(before_g, 1),
                    "after_g": round(before_g + delta_g, 1),
                    "position_mm": None,
                    "position_sigma_mm": None,
                    "items": listed,
                    "confidence": SURE,
                    "candidates": [{"items": listed, "probability": SURE}] if listed else [],
                    "started": utc(start_ns, event["t"] - 0.2),
                    "settled": utc(start_ns, event["t"] + TOLD_S),
                    "actor": "staff" if event["who"] == "staff" else "shopper",
                    "quality": [],
                },
            }
        )
    return told


def _listed(event: Message, truth: Message, items: dict[str, Any]) -> list[Message]:
    """Its items, those that are sold by weight with what they weigh."""
    grams: Counter[str] = Counter()
    for move in truth["moves"]:
        if (move["plate"], move["kind"]) == (event["plate"], event["kind"]) and abs(move["t"] - event["t"]) < 1e-6:
            for unit in move["units"]:
                grams[unit["sku"] or ""] += unit["weight"] * unit["carried"]
    listed = []
    for sku, qty in event["items"].items():
        entry: Message = {"sku": sku, "qty": qty}
        if items[sku]["sold_by"] == "weight":
            entry["weight_g"] = round(float(grams[sku] if len(event["items"]) > 1 else event["weight"]), 1)
        listed.append(entry)
    return listed
