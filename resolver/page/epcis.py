"""A day's movements as an EPCIS 2.0 document (GS1, ISO/IEC 19987): object events that others' systems can read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agent.messages import format_utc
from agent.store import Store

DAY_NS = 86_400 * 1_000_000_000
MAX_EVENTS = 200_000
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
GTIN = re.compile(r"\d{8}|\d{12,14}")


def epcis_document(store: Store, movements: Iterable[dict[str, Any]], now_utc_ns: int) -> dict[str, Any]:
    """The document: one object event for each movement of known goods, with class-level quantities."""
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_utc(now_utc_ns),
        "epcisBody": {"eventList": [event for movement in movements for event in _events(store, movement)]},
    }


def _events(store: Store, movement: dict[str, Any]) -> list[dict[str, Any]]:
    kind = movement["type"].removeprefix("shelf.v1.")
    data = movement["data"]
    taken = kind == "pick" or (kind == "change" and data["delta_g"] < 0)
    found = []
    for out in (True, False):
        quantities = [
            _quantity(store, item) for item in data["items"] if (item["qty"] > 0) == (out == taken) and item["qty"]
        ]
        if quantities:
            suffix = "" if out == taken else "-return"
            found.append(_event(store, movement, data["plate"], out, quantities, suffix))
    return found


def _event(
    store: Store, movement: dict[str, Any], plate: str, out: bool, quantities: list[dict[str, Any]], suffix: str
) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:shelf:{store.id}:{movement['source'].rsplit('/', 1)[-1]}:{movement['id']}{suffix}",
        "eventTime": movement["time"],
        "recordTime": movement.get("recordedtime", movement["time"]),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "picking" if out else "stocking",
        "disposition": "sellable_not_accessible" if out else "sellable_accessible",
        "readPoint": {"id": f"urn:shelf:{store.id}:plate:{plate}"},
        "bizLocation": {"id": f"urn:shelf:{store.id}"},
        "quantityList": quantities,
    }


def _quantity(store: Store, item: dict[str, Any]) -> dict[str, Any]:
    sku = item["sku"]
    known = store.items.get(sku)
    epc_class = f"https://id.gs1.org/01/{sku.zfill(14)}" if GTIN.fullmatch(sku) else f"urn:shelf:{store.id}:sku:{sku}"
    if known is not None and known.by_weight and item.get("weight_g") is not None:
        return {"epcClass": epc_class, "quantity": round(abs(item["weight_g"]) / 1000, 4), "uom": "KGM"}
    return {"epcClass": epc_class, "quantity": abs(item["qty"])}
